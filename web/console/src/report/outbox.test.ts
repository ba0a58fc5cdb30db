import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LossReported } from '@/api'

const answer: LossReported = {
  id: 'K7Q2M',
  terminal_id: '10458821',
  suspended_at: '2026-11-22T07:01:22.081Z',
  reported_at: '2026-11-22T07:01:22.001Z',
  receipts: [],
  stop_ms: 80,
}
const names = { terminal: '前台 1 号机', shop: '城南店' }
const body = { terminal_id: '10458821' }

const answered = (status: number, told: unknown) =>
  Promise.resolve(new Response(JSON.stringify(told), { status }))
const fetched = vi.fn<(url: string, init: RequestInit) => Promise<Response>>()
const keys = () =>
  fetched.mock.calls.map(([, init]) => (init.headers as Record<string, string>)['Idempotency-Key'])

/** The console as after loading the page anew, with somebody signed in. */
async function visit(login: string) {
  vi.resetModules()
  const { account } = await import('@/session')
  const outbox = await import('./outbox')
  account.value = {
    login,
    name: login,
    role: 'owner',
    merchant_id: 'm',
    merchant_name: 'm',
    shop_id: null,
    administers: false,
    custom_role_id: null,
    custom_role_name: null,
    rights: ['report_loss'],
  }
  outbox.keepSending()
  await settled()
  return outbox
}
const settled = () => vi.advanceTimersByTimeAsync(0)

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  fetched.mockReset()
  vi.stubGlobal('fetch', fetched)
})
afterEach(() => {
  vi.clearAllTimers()
  vi.useRealTimers()
})

describe('a loss report on its way', () => {
  it('is not stopped before the server has said so', async () => {
    const outbox = await visit('owner')
    let say: (response: Response) => void = () => {}
    fetched.mockReturnValueOnce(new Promise((resolve) => (say = resolve)))
    const sent = outbox.submit(body, names)
    await settled()
    expect(sent.reported).toBeNull()
    expect(outbox.outbox.value[0]?.sending).toBe(true)
    say(new Response(JSON.stringify(answer), { status: 201 }))
    await settled()
    expect(outbox.outbox.value[0]?.reported).toEqual(answer)
  })

  it('is sent again by itself under the same key until it is answered', async () => {
    const outbox = await visit('owner')
    fetched.mockRejectedValueOnce(new TypeError('Failed to fetch'))
    fetched.mockReturnValueOnce(answered(503, { code: 'unavailable', detail: '…' }))
    fetched.mockReturnValueOnce(answered(201, answer))
    outbox.submit(body, names)
    await settled()
    expect(outbox.outbox.value[0]).toMatchObject({ unclear: true, reported: null, attempts: 1 })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(outbox.outbox.value[0]).toMatchObject({ unclear: true, reported: null, attempts: 2 })
    await vi.advanceTimersByTimeAsync(2_000)
    expect(outbox.outbox.value[0]?.reported).toEqual(answer)
    expect(new Set(keys()).size).toBe(1)
    expect(fetched).toHaveBeenCalledTimes(3)
  })

  it('without an answer is unclear, and stays so until the server has said more', async () => {
    const outbox = await visit('owner')
    fetched.mockRejectedValueOnce(new TypeError('Failed to fetch'))
    fetched.mockReturnValueOnce(answered(429, { code: 'too_many_requests', detail: '…' }))
    fetched.mockReturnValueOnce(answered(201, answer))
    const sent = outbox.submit(body, names)
    expect(outbox.stageOf(sent)).toBe('sending')
    await settled()
    expect(outbox.stageOf(outbox.outbox.value[0]!)).toBe('unclear')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(outbox.stageOf(outbox.outbox.value[0]!)).toBe('unclear')
    await vi.advanceTimersByTimeAsync(2_000)
    expect(outbox.stageOf(outbox.outbox.value[0]!)).toBe('stopped')
  })

  it('that meets no network has not been sent, and goes out when there is one', async () => {
    const outbox = await visit('owner')
    const network = vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
    fetched.mockRejectedValueOnce(new TypeError('Failed to fetch'))
    fetched.mockReturnValueOnce(answered(201, answer))
    outbox.submit(body, names)
    await settled()
    expect(outbox.stageOf(outbox.outbox.value[0]!)).toBe('offline')
    network.mockReturnValue(true)
    window.dispatchEvent(new Event('online'))
    await settled()
    expect(outbox.stageOf(outbox.outbox.value[0]!)).toBe('stopped')
  })

  it('that a busy server turned away is not stopped, and not unclear', async () => {
    const outbox = await visit('owner')
    fetched.mockReturnValueOnce(answered(429, { code: 'too_many_requests', detail: '…' }))
    outbox.submit(body, names)
    await settled()
    expect(outbox.stageOf(outbox.outbox.value[0]!)).toBe('unsent')
  })

  it('survives a reload and keeps its key', async () => {
    fetched.mockRejectedValue(new TypeError('Failed to fetch'))
    ;(await visit('owner')).submit(body, names)
    await settled()
    fetched.mockReset()
    fetched.mockReturnValue(answered(201, answer))
    const before = JSON.parse(localStorage.getItem('tillguard.outbox')!)[0].key
    const later = await visit('owner')
    expect(keys()).toEqual([before])
    expect(later.outbox.value[0]?.reported).toEqual(answer)
    expect(localStorage.getItem('tillguard.outbox')).toBeNull()
  })

  it('that the server refuses is shown and not sent again', async () => {
    const outbox = await visit('owner')
    fetched.mockReturnValueOnce(answered(403, { code: 'not_allowed', detail: '不允许', reference: 'r-1' }))
    outbox.submit(body, names)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(outbox.outbox.value[0]?.refusal).toEqual({ detail: '不允许', reference: 'r-1' })
    expect(fetched).toHaveBeenCalledTimes(1)
  })

  it('waits for the log-in when the session has ended', async () => {
    const outbox = await visit('owner')
    fetched.mockReturnValueOnce(answered(401, { code: 'unauthenticated', detail: '…' }))
    outbox.submit(body, names)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(outbox.outbox.value[0]).toMatchObject({ needs_sign_in: true, refusal: null })
    expect(fetched).toHaveBeenCalledTimes(1)
  })

  it('of one terminal is one report, however often it is pressed', async () => {
    const outbox = await visit('owner')
    fetched.mockReturnValue(new Promise(() => {}))
    outbox.submit(body, names)
    outbox.submit(body, names)
    expect(outbox.outbox.value).toHaveLength(1)
    expect(fetched).toHaveBeenCalledTimes(1)
  })

  it('of another person is neither shown nor sent', async () => {
    fetched.mockRejectedValue(new TypeError('Failed to fetch'))
    ;(await visit('owner')).submit(body, names)
    await settled()
    fetched.mockReset()
    const other = await visit('manager')
    expect(other.outbox.value).toEqual([])
    expect(fetched).not.toHaveBeenCalled()
  })
})
