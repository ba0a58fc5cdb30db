import { createApp, h, nextTick, type App } from 'vue'
import { afterEach, expect, it, vi } from 'vitest'
import type { Person } from '@/api'
import HistoryBox from './HistoryBox.vue'

const { events } = vi.hoisted(() => ({ events: vi.fn() }))
vi.mock('@/api', async (original) => ({ ...(await original<object>()), accounts: { events } }))

const event = (sequence: number) => ({
  sequence,
  at: '2026-11-22T06:49:51.000Z',
  verb: 'reveal',
  actor_kind: 'person',
  actor: 'owner',
  text: `look ${sequence}`,
})

let app: App
afterEach(() => app.unmount())

it('shows what happened page by page, to the newest', async () => {
  events.mockImplementation(async (_login: string, cursor: string | null) => ({
    items: [event(cursor ? 201 : 200)],
    next_cursor: cursor ? null : '200',
    actions: [],
  }))
  const root = document.body.appendChild(document.createElement('div'))
  app = createApp({ render: () => h(HistoryBox, { person: { login: 'li', name: 'Li' } as Person }) })
  app.mount(root)
  await vi.waitFor(() => expect(root.textContent).toContain('look 200'))
  root.querySelector<HTMLElement>('[data-test="more"]')!.click()
  await vi.waitFor(() => expect(root.textContent).toContain('look 201'))
  await nextTick()
  expect(root.textContent).toContain('look 200')
  expect(root.querySelector('[data-test="more"]')).toBeNull()
  expect(events.mock.calls).toEqual([
    ['li', null],
    ['li', '200'],
  ])
})
