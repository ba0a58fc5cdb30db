import { beforeEach, describe, expect, it, vi } from 'vitest'
import { hear, now } from '@/clock'
import { speak } from '@/i18n'
import { count, money, sums } from './money'
import {
  clock,
  dayClock,
  exactClock,
  fresh,
  fromTo,
  length,
  now_ms,
  seconds,
  todayAt,
  told,
  whole,
} from './time'
import { momentOf, nameOf, wall } from './zone'

const SHANGHAI = 'Asia/Shanghai'
const ago = (minutes: number) => new Date(now_ms.value - minutes * 60_000).toISOString()

beforeEach(() => speak('zh-CN'))

describe('amounts', () => {
  it('have a symbol and the decimals of their currency', () => {
    expect(money({ minor: 328450, currency: 'CNY' })).toBe('¥3,284.50')
    expect(money({ minor: 500, currency: 'JPY' })).toContain('500')
    speak('en')
    expect(money({ minor: 100, currency: 'CNY' })).toBe('¥1.00')
    expect(count(48210)).toBe('48,210')
  })

  it('of a currency without a name are shown as they came', () => {
    expect(money({ minor: 500, currency: '000' })).toBe('500 [000]')
  })

  it('of several currencies are never added', () => {
    speak('en')
    const both = [
      { minor: 100, currency: 'CNY' },
      { minor: 250, currency: 'USD' },
    ]
    expect(sums(both)).toBe('¥1.00 + $2.50')
    expect(sums([])).toBe('0')
  })
})

describe('times', () => {
  it('are relative while fresh and a clock afterwards', () => {
    expect(fresh(ago(0), SHANGHAI)).toBe('刚刚')
    expect(fresh(ago(3), SHANGHAI)).toBe('3 分钟前')
    expect(fresh(ago(20), SHANGHAI)).toMatch(/\d\d:\d\d$/)
  })

  it('are told in the terminal’s zone, wherever the reader is', () => {
    const at = '2026-11-22T07:01:22.081Z'
    expect(clock(at, SHANGHAI, true)).toBe('15:01:22')
    expect(clock(at, 'America/New_York')).toBe('02:01')
    expect(exactClock(at, 'Asia/Kolkata')).toBe('12:31:22.08')
    expect(whole(at, SHANGHAI)).toBe('2026-11-22 15:01:22 UTC+08:00 (Asia/Shanghai)')
    expect(whole(at, 'America/St_Johns')).toBe('2026-11-22 03:31:22 UTC-03:30 (America/St_Johns)')
  })

  it('name another day by the terminal’s calendar', () => {
    const midnight = momentOf({ ...wall(now_ms.value, SHANGHAI), hour: 0, minute: 0 }, SHANGHAI)
    expect(dayClock(told(midnight), SHANGHAI)).toBe('00:00')
    expect(dayClock(told(midnight - 1), SHANGHAI)).toBe('昨天 23:59')
  })

  it('of a span name the second day only where it is another', () => {
    const span = (to: string) => fromTo({ from: '2026-09-14T01:12:05.000Z', to }, SHANGHAI)
    expect(span('2026-09-14T15:59:58.000Z')).toEqual(['9月14日 09:12:05', '23:59:58'])
    expect(span('2026-09-14T16:00:00.000Z')).toEqual(['9月14日 09:12:05', '9月15日 00:00:00'])
  })

  it('fall back to a zone that is named when the browser does not know the terminal’s', () => {
    expect(nameOf('Nowhere/Town')).toBe('UTC')
    expect(whole('2026-11-22T07:01:22.081Z', 'Nowhere/Town')).toBe('2026-11-22 07:01:22 UTC+00:00 (UTC)')
  })

  it('of today are understood in the terminal’s zone', () => {
    const noon = todayAt('12:00', SHANGHAI)!
    expect(wall(noon, SHANGHAI)).toMatchObject({ hour: 12, minute: 0 })
    expect(todayAt('', SHANGHAI)).toBeNull()
    expect(todayAt('25:00', SHANGHAI)).toBeNull()
  })

  it('have lengths in the units that matter', () => {
    expect(length(29 * 60_000)).toBe('29 分钟')
    expect(length(49 * 3_600_000)).toBe('2 天 1 小时')
    expect(seconds(80)).toBe('0.08')
    expect(seconds(1)).toBe('0.001')
    expect(seconds(0)).toBe('0.001')
  })
})

describe('the clock', () => {
  it('is the server’s, however wrong the phone’s is', () => {
    const phone_ms = Date.now()
    const server_ms = phone_ms + 2 * 3_600_000
    hear(new Date(server_ms).toUTCString(), phone_ms, phone_ms + 40)
    expect(Math.abs(now() - server_ms)).toBeLessThan(2_000)
    // An answer that was long on its way, or none, changes nothing.
    hear(new Date(server_ms + 3_000).toUTCString(), phone_ms, phone_ms + 20_000)
    hear(null, phone_ms, phone_ms)
    expect(Math.abs(now() - server_ms)).toBeLessThan(2_000)
    hear(new Date(phone_ms).toUTCString(), phone_ms, phone_ms)
    expect(Math.abs(now() - phone_ms)).toBeLessThan(2_000)
  })

  it('is kept for a page that opens without a network', async () => {
    const phone_ms = Date.now()
    hear(new Date(phone_ms - 7_200_000).toUTCString(), phone_ms, phone_ms)
    vi.resetModules()
    const opened = await import('@/clock')
    expect(Math.abs(opened.now() - (phone_ms - 7_200_000))).toBeLessThan(3_000)
    hear(new Date(phone_ms).toUTCString(), phone_ms, phone_ms)
  })
})
