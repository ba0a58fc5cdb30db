import { createApp, type App } from 'vue'
import { afterEach, expect, it, vi } from 'vitest'
import { speak } from '@/i18n'
import OwnDataCard from './OwnDataCard.vue'

const { ask, save } = vi.hoisted(() => ({ ask: vi.fn(), save: vi.fn() }))
vi.mock('@/api', async (original) => ({ ...(await original<object>()), session: { export: ask } }))
vi.mock('@/list/csv', () => ({ save }))

let app: App
afterEach(() => app.unmount())

it('says of a file whether it is whole', async () => {
  await speak('en')
  const page = (next_cursor: string | null) => ({ account: { login: 'li' }, events: [{}], next_cursor })
  ask.mockImplementation(async () => page('more'))
  const root = document.body.appendChild(document.createElement('div'))
  app = createApp(OwnDataCard)
  app.mount(root)
  const press = () => root.querySelector<HTMLElement>('[data-test="export-own"]')!.click()
  press()
  await vi.waitFor(() => expect(root.textContent).toContain('more than 100,000 events'))
  expect(save).toHaveBeenCalledTimes(1)
  ask.mockImplementation(async () => page(null))
  press()
  await vi.waitFor(() => expect(save).toHaveBeenCalledTimes(2))
  await vi.waitFor(() => expect(root.textContent).not.toContain('incomplete'))
})
