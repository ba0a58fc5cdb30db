import { effectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { TimelineItem } from '@/api'
import { useLive } from './live'

class Stream extends EventTarget {
  static readonly CONNECTING = 0
  static readonly OPEN = 1
  static readonly CLOSED = 2
  static last: Stream
  readyState = 0
  constructor(readonly url: string) {
    super()
    Stream.last = this
  }
  close() {
    this.readyState = 2
  }
  open() {
    this.readyState = 1
    this.dispatchEvent(new Event('open'))
  }
  tell(item: TimelineItem) {
    this.dispatchEvent(new MessageEvent('timeline', { data: JSON.stringify(item) }))
  }
  refuse() {
    this.readyState = 2
    this.dispatchEvent(new Event('error'))
  }
}

const item = (sequence: number): TimelineItem => ({ sequence, at: '2026-11-22T07:01:22.081Z', kind: 'attempt_refused', transaction: null, by: null, text: null })
let told: TimelineItem[] = []
const settled = () => vi.advanceTimersByTimeAsync(0)
const scope = () => effectScope()

beforeEach(() => {
  vi.useFakeTimers()
  told = [item(1), item(2)]
  vi.stubGlobal('EventSource', Stream)
  vi.stubGlobal('fetch', (url: string) => {
    const after = Number(new URL(url, 'http://x').searchParams.get('after'))
    return Promise.resolve(new Response(JSON.stringify({ items: told.filter((one) => one.sequence > after), next_cursor: null })))
  })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the live timeline', () => {
  it('shows each item once, newest first, however often it comes', async () => {
    const news = vi.fn()
    const page = scope()
    const live = page.run(() => useLive('K7Q2M', news))!
    await settled()
    Stream.last.open()
    Stream.last.tell(item(2))
    Stream.last.tell(item(3))
    Stream.last.tell(item(3))
    await settled()
    expect(live.items.value?.map((one) => one.sequence)).toEqual([3, 2, 1])
    expect(news).toHaveBeenCalledTimes(1)
    page.stop()
  })

  it('says that it is not connected, opens again, and reads what it missed', async () => {
    const page = scope()
    const live = page.run(() => useLive('K7Q2M', () => {}))!
    await settled()
    Stream.last.open()
    expect(live.link.value).toBe('live')
    const first = Stream.last
    first.refuse()
    expect(live.link.value).toBe('lost')
    told.push(item(3))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(Stream.last).not.toBe(first)
    Stream.last.open()
    await settled()
    expect(live.link.value).toBe('live')
    expect(live.items.value?.map((one) => one.sequence)).toEqual([3, 2, 1])
    page.stop()
  })

  it('closes its stream with the page', async () => {
    const page = scope()
    page.run(() => useLive('K7Q2M', () => {}))
    await settled()
    page.stop()
    expect(Stream.last.readyState).toBe(Stream.CLOSED)
  })
})
