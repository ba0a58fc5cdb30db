import { createApp, h, nextTick, ref, type App } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Found } from './decoder'
import type { Hitch, Stage } from './looking'
import ScanBox from './ScanBox.vue'

const looking = vi.hoisted(() => ({ seen: (_found: Found[], _sure: boolean) => {}, open: vi.fn() }))
vi.mock('./looking', () => ({
  useLooking: (_video: unknown, seen: (found: Found[], sure: boolean) => void) => {
    const stage = ref<Stage>('closed')
    const hitch = ref<Hitch | null>(null)
    looking.seen = seen
    looking.open.mockImplementation(async () => void (stage.value = 'looking'))
    const close = () => (stage.value = 'closed')
    return { stage, hitch, lit: ref(null), open: looking.open, close, light: vi.fn(), photo: vi.fn() }
  },
}))

const read = vi.fn()
let app: App
function show(many: boolean) {
  const root = document.body.appendChild(document.createElement('div'))
  app = createApp({ render: () => h(ScanBox, { many, onRead: read }) })
  app.mount(root)
}
beforeEach(() => {
  read.mockReset()
  looking.open.mockReset()
})
afterEach(() => app.unmount())

const at = (mark: string) => document.querySelector<HTMLElement>(`[data-test="${mark}"]`)
async function press(mark: string) {
  at(mark)!.click()
  await nextTick()
}
async function see(...found: [string, string][]) {
  looking.seen(
    found.map(([format, text]) => ({ format, text })),
    false,
  )
  await nextTick()
}

it('hands nothing on before a press', async () => {
  show(false)
  await press('scan-open')
  await see(['QRCode', 'SN:YZ9030495193'])
  expect(at('scan-read')?.textContent).toContain('YZ9030495193')
  expect(read).not.toHaveBeenCalled()
  await press('scan-accept')
  expect(read.mock.calls).toEqual([[{ serial: 'YZ9030495193' }]])
  expect(looking.open).toHaveBeenCalledOnce()
})

it('takes a bar code seen twice, and not one misread once', async () => {
  show(false)
  await press('scan-open')
  await see(['ITF', '9030495198'])
  await see(['ITF', '9030495193'])
  expect(at('scan-read')).toBeNull()
  await see(['ITF', '9030495193'])
  expect(at('scan-read')?.textContent).toContain('9030495193')
})

it('says what a strange code is, and looks on', async () => {
  show(false)
  await press('scan-open')
  await see(['QRCode', 'https://elsewhere.example/'])
  expect(at('scan-said')?.dataset.why).toBe('elsewhere')
  expect(at('scan-close')).not.toBeNull()
  await see(['DataMatrix', 'YZ9030495193'], ['QRCode', '30501101'])
  await press('scan-accept')
  expect(read.mock.calls).toEqual([[{ serial: 'YZ9030495193', terminal_id: '30501101' }]])
})

it('asks which number it is, where only a person can tell', async () => {
  show(false)
  await press('scan-open')
  await see(['QRCode', '30501101'])
  await press('scan-as-tid')
  expect(read.mock.calls).toEqual([[{ terminal_id: '30501101' }]])
})

it('opens again for the next label, where there are many', async () => {
  show(true)
  await press('scan-open')
  await see(['QRCode', 'SN:YZ9030495193'])
  await press('scan-accept')
  expect(looking.open).toHaveBeenCalledTimes(2)
  expect(at('scan-read')).toBeNull()
})
