import { describe, expect, it } from 'vitest'
import { dayAfter, endsNextDay, isWholeDay, saidOf, spanOf, spansOf, weekdayOf } from './clock'

describe('times of a day', () => {
  it('go past midnight when they end no later than they begin', () => {
    for (const [from, to, from_min, to_min] of [
      ['09:00', '18:00', 540, 1_080],
      ['17:00', '02:00', 1_020, 1_560],
      ['17:00', '00:00', 1_020, 1_440],
      ['00:00', '00:00', 0, 1_440],
      ['08:30', '08:30', 510, 1_950],
    ] as const) {
      expect(spanOf({ from, to })).toEqual({ from_min, to_min })
      expect(saidOf({ from_min, to_min })).toEqual({ from, to })
    }
    expect(spanOf({ from: '', to: '18:00' })).toBeNull()
    expect([
      endsNextDay({ from: '17:00', to: '02:00' }),
      endsNextDay({ from: '17:00', to: '00:00' }),
    ]).toEqual([true, false])
    expect(isWholeDay({ from: '00:00', to: '00:00' })).toBe(true)
  })

  it('stand in their order and never two at once', () => {
    const [morning, evening] = [
      { from: '09:00', to: '12:00' },
      { from: '17:00', to: '02:00' },
    ]
    expect(spansOf([evening, morning])).toEqual([spanOf(morning), spanOf(evening)])
    expect(spansOf([morning, { from: '11:00', to: '13:00' }])).toBeNull()
    expect(spansOf([morning, { from: '', to: '' }])).toBeNull()
    expect(spansOf([])).toEqual([])
  })

  it('belong to days', () => {
    expect(dayAfter('2026-12-31', 1)).toBe('2027-01-01')
    expect(dayAfter('2026-03-01', -7)).toBe('2026-02-22')
    expect([weekdayOf('2026-11-30'), weekdayOf('2026-11-29')]).toEqual([0, 6])
  })
})
