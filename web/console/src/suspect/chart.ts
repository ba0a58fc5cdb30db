/**
 * The geometry of the chart above the ranked list: this terminal's payments per step, the shop's others below, and
 * each payment that is marked or in the window at its moment.
 *
 * Invariant: pure; a payment whose time of day is not known has no place on it.
 */
import type { Mark, Suspect, SuspectChart, TimeSpan } from '@/api'
import { at_ms } from '@/format/time'
import type { Span } from '@/incident/picture'

/** Of this terminal's row. */
export const TOP = 34
export const BASE = 118
/** Of the others' row. */
export const OTHERS_TOP = 138
export const OTHERS_BASE = 180
const LANE = 13
const LANES = 6

export interface Bar {
  at: number
  box: { x: number; y: number; width: number; height: number }
}

export interface Shape {
  id: string
  x: number
  y: number
  mark: Mark | null
}

/** From the first step to the end of the last. */
export function spanOf(chart: SuspectChart): Span {
  const from = at_ms(chart.from)
  return { from, to: from + Math.max(chart.own.length, 1) * chart.step_s * 1000 }
}

/** A row of bars on `base`, none higher than up to `top`; a step without payments has none. */
export function bars(
  counts: number[],
  chart: SuspectChart,
  x: (ms: number) => number,
  top: number,
  base: number,
): Bar[] {
  const most = Math.max(1, ...counts)
  const from = at_ms(chart.from)
  const step_ms = chart.step_s * 1000
  return counts.flatMap((count, index) => {
    if (count <= 0) return []
    const [left, right] = [x(from + index * step_ms), x(from + (index + 1) * step_ms)]
    const gap = right - left > 5 ? 2 : 0.5
    const height = Math.max(3, (count / most) * (base - top))
    return [
      {
        at: index,
        box: { x: left + gap / 2, y: base - height, width: Math.max(1, right - left - gap), height },
      },
    ]
  })
}

/** A span of time as far as it is on the picture; null when it is not. */
export function band(span: TimeSpan, seen: Span, x: (ms: number) => number) {
  const from = Math.max(at_ms(span.from), seen.from)
  const to = Math.min(at_ms(span.to), seen.to)
  return to > from ? { x: x(from), width: Math.max(3, x(to) - x(from)) } : null
}

/** What is marked or in the window; those that would cover each other rise in lanes. */
export function shapes(
  items: Suspect[],
  markOf: (item: Suspect) => Mark | null,
  seen: Span,
  x: (ms: number) => number,
): Shape[] {
  const lanes: number[] = []
  return items
    .filter((item) => item.certainty !== 'day' && (item.in_window || markOf(item)))
    .filter((item) => at_ms(item.at) >= seen.from && at_ms(item.at) <= seen.to)
    .sort((one, other) => at_ms(one.at) - at_ms(other.at))
    .map((item) => {
      const place = x(at_ms(item.at))
      let lane = lanes.findIndex((last) => place - last > LANE)
      if (lane < 0) lane = Math.min(lanes.length, LANES - 1)
      lanes[lane] = place
      return { id: item.id, x: place, y: BASE - 10 - lane * LANE, mark: markOf(item) }
    })
}

/** Drawn around 0 0: a diamond, a square, a circle, and a ring for what is open. */
export const OUTLINE: Record<Mark | 'none', string> = {
  fraudulent: 'M0-6.5L6.5 0 0 6.5-6.5 0Z',
  unsure: 'M-5-5H5V5H-5Z',
  genuine: 'M-5 0A5 5 0 1 0 5 0A5 5 0 1 0-5 0Z',
  none: 'M-4.5 0A4.5 4.5 0 1 0 4.5 0A4.5 4.5 0 1 0-4.5 0Z',
}

export interface Strip {
  from: number
  to: number
  /** Percent of the width. */
  window: { left: number; width: number }
  /** Null when the time of day is not known. */
  here: { left: number; width: number } | null
}

const HOUR_MS = 3_600_000
const LENGTH_MS = { second: 0, minute: 60_000, hour: HOUR_MS, day: 0 }

/** Where one payment lies in the loss window, with as much time on either side of it. */
export function strip(window: TimeSpan, item: Pick<Suspect, 'at' | 'certainty'>): Strip {
  const [opens, ends] = [at_ms(window.from), at_ms(window.to)]
  const at = at_ms(item.at)
  const side = Math.max(ends - opens, HOUR_MS / 4)
  const known = item.certainty !== 'day'
  const from = Math.min(opens - side, known ? at : opens)
  const to = Math.max(ends + side, known ? at + LENGTH_MS[item.certainty] : ends)
  const percent = (ms: number) => ((ms - from) / (to - from)) * 100
  return {
    from,
    to,
    window: { left: percent(opens), width: percent(ends) - percent(opens) },
    here: known ? { left: percent(at), width: percent(at + LENGTH_MS[item.certainty]) - percent(at) } : null,
  }
}
