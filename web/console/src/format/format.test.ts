import { beforeEach, describe, expect, it } from 'vitest'
import { speak } from '@/i18n'
import { count, money, sums } from './money'
import { exactClock, fresh, fromLocalInput, length, now_ms, seconds, toLocalInput, whole } from './time'

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
    const both = [{ minor: 100, currency: 'CNY' }, { minor: 250, currency: 'USD' }]
    expect(sums(both)).toBe('¥1.00 + $2.50')
    expect(sums([])).toBe('0')
  })
})

describe('times', () => {
  it('are relative while fresh and a clock afterwards', () => {
    expect(fresh(ago(0))).toBe('刚刚')
    expect(fresh(ago(3))).toBe('3 分钟前')
    expect(fresh(ago(20))).toMatch(/\d\d:\d\d$/)
  })

  it('are whole in evidence: second, offset and zone', () => {
    expect(whole('2026-11-22T07:01:22.081Z')).toMatch(/^2026-11-\d\d \d\d:\d\d:22 UTC[+-]\d\d:\d\d \(.+\)$/)
    expect(exactClock('2026-11-22T07:01:22.081Z')).toMatch(/:22\.08$/)
  })

  it('pass through a form field to the minute', () => {
    const at = Date.parse('2026-11-22T07:01:00.000Z')
    expect(fromLocalInput(toLocalInput(at))).toBe('2026-11-22T07:01:00.000Z')
    expect(fromLocalInput('')).toBeNull()
  })

  it('have lengths in the units that matter', () => {
    expect(length(29 * 60_000)).toBe('29 分钟')
    expect(length(49 * 3_600_000)).toBe('2 天 1 小时')
    expect(seconds(80)).toBe('0.08')
    expect(seconds(1)).toBe('0.001')
    expect(seconds(0)).toBe('0.001')
  })
})
