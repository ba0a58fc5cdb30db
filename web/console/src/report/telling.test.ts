import { beforeEach, describe, expect, it } from 'vitest'
import type { Transaction } from '@/api'
import { hear, now } from '@/clock'
import { speak } from '@/i18n'
import { isAhead, lossReport, nothing } from './telling'

const SHANGHAI = 'Asia/Shanghai'
const paid = (sequence: number, decided_at: string, minor: number) =>
  ({ sequence, decided_at, amount: { minor, currency: 'CNY' } }) as Transaction
const payments = [paid(9, '2026-11-22T06:49:51.000Z', 480000), paid(8, '2026-11-22T06:32:05.000Z', 3800)]

beforeEach(() => speak('zh-CN'))

describe('a report', () => {
  it('says nothing that nobody said', () => {
    expect(lossReport('10458821', nothing(), payments, SHANGHAI)).toEqual({ terminal_id: '10458821' })
  })

  it('tells which payments were the shop’s, and the others in words too', () => {
    const report = lossReport(
      '10458821',
      { ...nothing(), whose: { 9: 'not_ours', 8: 'ours' } },
      payments,
      SHANGHAI,
    )
    expect(report.payments).toEqual([
      { sequence: 9, ours: false },
      { sequence: 8, ours: true },
    ])
    expect(report.circumstances).toMatch(/不是店里收的：.*14:49:51 ¥4,800\.00。$/)
    expect(report.last_seen_at).toBeUndefined()
  })

  it('takes “just now” and “half an hour ago” from the server’s clock, not the phone’s', () => {
    const phone_ms = Date.now()
    hear(new Date(phone_ms - 7_200_000).toUTCString(), phone_ms, phone_ms)
    const seen = (told: 'now' | 'half_hour') =>
      Date.parse(lossReport('1', { ...nothing(), seen: told }, [], SHANGHAI).last_seen_at!)
    expect(Math.abs(seen('now') - (phone_ms - 7_200_000))).toBeLessThan(2_000)
    expect(Math.abs(seen('half_hour') - (phone_ms - 9_000_000))).toBeLessThan(2_000)
    hear(new Date(phone_ms).toUTCString(), phone_ms, phone_ms)
  })

  it('keeps “earlier today” without a time as words, because no time was said', () => {
    const report = lossReport('1', { ...nothing(), seen: 'today' }, [], SHANGHAI)
    expect(report.last_seen_at).toBeUndefined()
    expect(report.circumstances).toContain('今天早些时候')
  })

  it('cannot have seen it later than now', () => {
    const soon = new Date(now() + 120_000)
    const time = new Intl.DateTimeFormat('en-GB', {
      timeZone: SHANGHAI,
      hour: '2-digit',
      minute: '2-digit',
    }).format(soon)
    const told = { ...nothing(), seen: 'today' as const, time }
    if (time > '00:03') expect(isAhead(told, SHANGHAI)).toBe(true)
  })
})
