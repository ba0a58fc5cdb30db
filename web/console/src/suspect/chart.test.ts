import { describe, expect, it } from 'vitest'
import type { Suspect } from '@/api'
import { placed } from '@/incident/picture'
import { BASE, TOP, band, bars, shapes, spanOf, strip } from './chart'

const chart = { from: '2026-11-22T06:00:00Z', step_s: 900, own: [0, 2, 8, 0], others: null }
const seen = spanOf(chart)
const x = placed(seen, 1012)
const item = (id: string, at: string, more: Partial<Suspect> = {}) =>
  ({ id, at: `2026-11-22T${at}Z`, certainty: 'second', in_window: true, mark: null, ...more }) as Suspect
const markOf = (one: Suspect) => one.mark

describe('the chart', () => {
  it('reaches over its steps, and is never empty', () => {
    expect(seen).toEqual({ from: Date.parse(chart.from), to: Date.parse('2026-11-22T07:00:00Z') })
    expect(spanOf({ ...chart, own: [] }).to).toBeGreaterThan(seen.from)
  })

  it('draws no bar for a step without payments, and the highest up to its top', () => {
    const drawn = bars(chart.own, chart, x, TOP, BASE)
    expect(drawn.map(({ at }) => at)).toEqual([1, 2])
    expect(drawn[1]!.box).toMatchObject({ x: 507, width: 248, y: TOP, height: BASE - TOP })
    expect(drawn[0]!.box.height).toBe((BASE - TOP) / 4)
  })

  it('cuts what lies beyond it, and leaves out what is not on it', () => {
    expect(band({ from: '2026-11-22T05:00:00Z', to: '2026-11-22T06:30:00Z' }, seen, x)).toEqual({
      x: 6,
      width: 500,
    })
    expect(band({ from: '2026-11-22T08:00:00Z', to: '2026-11-22T09:00:00Z' }, seen, x)).toBeNull()
  })

  it('marks what is in the window or marked, in lanes, and nothing whose time is not known', () => {
    const all = [
      item('late', '06:30:01'),
      item('soon', '06:30:00', { mark: 'fraudulent' }),
      item('day', '06:30:00', { certainty: 'day' }),
      item('other', '06:40:00', { in_window: false }),
      item('known', '06:50:00', { in_window: false, mark: 'genuine' }),
      item('beyond', '09:00:00'),
    ]
    const drawn = shapes(all, markOf, seen, x)
    expect(drawn.map(({ id, mark }) => [id, mark])).toEqual([
      ['soon', 'fraudulent'],
      ['late', null],
      ['known', 'genuine'],
    ])
    expect(drawn[1]!.y).toBeLessThan(drawn[0]!.y)
    expect(drawn[2]!.y).toBe(drawn[0]!.y)
  })
})

describe('the strip', () => {
  const window = { from: '2026-11-22T06:30:00Z', to: '2026-11-22T07:00:00Z' }

  it('shows where in the window a payment lies', () => {
    const { window: band, here } = strip(window, item('a', '06:45:00'))
    expect(band.left).toBeCloseTo(100 / 3)
    expect(band.width).toBeCloseTo(100 / 3)
    expect(here).toEqual({ left: 50, width: 0 })
  })

  it('reaches to one outside, is as wide as its hour, and has no place without a time of day', () => {
    expect(strip(window, item('a', '03:00:00')).here?.left).toBe(0)
    expect(strip(window, item('a', '06:00:00', { certainty: 'hour' })).here?.width).toBeGreaterThan(30)
    expect(strip(window, item('a', '00:00:00', { certainty: 'day' })).here).toBeNull()
  })
})
