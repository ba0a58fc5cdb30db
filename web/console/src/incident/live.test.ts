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

const item = (sequence: number): TimelineItem => ({
  sequence,
  at: '2026-11-22T07:01:22.081Z',
  kind: 'attempt_refused',
  transaction: null,
  by: null,
  duty: null,
  text: null,
})
let told: TimelineItem[] = []
const asked: string[] = []
const settled = () => vi.advanceTimersByTimeAsync(0)
const scope = () => effectScope()
const sequences = (live: ReturnType<typeof useLive>) => live.items.value?.map((one) => one.sequence)

beforeEach(() => {
  vi.useFakeTimers()
  told = [item(1), item(2)]
  asked.length = 0
  vi.stubGlobal('EventSource', Stream)
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url)
    const query = new URL(url, 'http://x').searchParams
    const [after, limit] = [Number(query.get('after')), Number(query.get('limit'))]
    const items = told.filter((one) => one.sequence > after).slice(0, limit)
    return Promise.resolve(new Response(JSON.stringify({ items, next_cursor: null })))
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
    void live.follow(2)
    await settled()
    Stream.last.open()
    Stream.last.tell(item(2))
    Stream.last.tell(item(3))
    Stream.last.tell(item(3))
    await settled()
    expect(sequences(live)).toEqual([3, 2, 1])
    expect(news).toHaveBeenCalledTimes(1)
    page.stop()
  })

  it('takes for news what happened between the answer and the first items', async () => {
    told = [item(1), item(2), item(3), item(4)]
    const news = vi.fn()
    const page = scope()
    const live = page.run(() => useLive('K7Q2M', news))!
    void live.follow(2)
    await settled()
    expect(sequences(live)).toEqual([4, 3, 2, 1])
    expect(news.mock.calls.map(([one]) => (one as TimelineItem).sequence)).toEqual([3, 4])
    page.stop()
  })

  it('asks for nothing when an event comes, and the stream for nothing that is known', async () => {
    const page = scope()
    const live = page.run(() => useLive('K7Q2M', () => {}))!
    void live.follow(2)
    await settled()
    expect(new URL(Stream.last.url, 'http://x').searchParams.get('after')).toBe('2')
    Stream.last.open()
    for (let sequence = 3; sequence < 40; sequence++) Stream.last.tell(item(sequence))
    await settled()
    expect(asked).toHaveLength(1)
    expect(live.items.value).toHaveLength(39)
    page.stop()
  })

  it('begins with the newest and goes back in steps without a hole', async () => {
    told = Array.from({ length: 300 }, (_, index) => item(index + 1))
    const page = scope()
    const live = page.run(() => useLive('K7Q2M', () => {}))!
    void live.follow(300)
    await settled()
    expect(sequences(live)?.at(-1)).toBe(271)
    expect(live.hasOlder.value).toBe(true)
    await live.older()
    expect(sequences(live)?.at(-1)).toBe(71)
    await live.older()
    expect(live.items.value).toHaveLength(300)
    expect(live.hasOlder.value).toBe(false)
    page.stop()
  })

  it('says that it is not connected, opens again, and begins where it was', async () => {
    const page = scope()
    const live = page.run(() => useLive('K7Q2M', () => {}))!
    void live.follow(2)
    await settled()
    Stream.last.open()
    expect(live.link.value).toBe('live')
    Stream.last.tell(item(3))
    const first = Stream.last
    first.refuse()
    expect(live.link.value).toBe('lost')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(Stream.last).not.toBe(first)
    expect(new URL(Stream.last.url, 'http://x').searchParams.get('after')).toBe('3')
    Stream.last.open()
    Stream.last.tell(item(4))
    await settled()
    expect(live.link.value).toBe('live')
    expect(sequences(live)).toEqual([4, 3, 2, 1])
    page.stop()
  })

  it('closes its stream with the page', async () => {
    const page = scope()
    const live = page.run(() => useLive('K7Q2M', () => {}))!
    void live.follow(2)
    await settled()
    page.stop()
    expect(Stream.last.readyState).toBe(Stream.CLOSED)
  })
})
