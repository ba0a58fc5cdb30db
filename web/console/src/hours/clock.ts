/**
 * Times of a day as fields have them, `09:00`, and as the server has them, minutes after midnight.
 *
 * Invariant: a span whose end is not after its begin ends on the next day; `00:00` to `00:00` is the whole day.
 */
import type { DaySpan } from '@/api'

/** From when to when, as two fields give it; either may be empty. */
export interface Said {
  from: string
  to: string
}

const DAY_MIN = 1_440
const two = (value: number) => String(value).padStart(2, '0')

/** `02:00` for 120 and for 1,560. */
export const clockOf = (minute: number): string =>
  `${two(Math.floor((minute % DAY_MIN) / 60))}:${two(minute % 60)}`

export const saidOf = (span: DaySpan): Said => ({ from: clockOf(span.from_min), to: clockOf(span.to_min) })

function minuteOf(text: string): number | null {
  const [, hour, minute] = text.match(/^(\d{2}):(\d{2})/)?.map(Number) ?? []
  return hour === undefined || minute === undefined ? null : hour * 60 + minute
}

/** The span that two fields mean; null while one of them is empty. */
export function spanOf(said: Said): DaySpan | null {
  const [from_min, to] = [minuteOf(said.from), minuteOf(said.to)]
  if (from_min === null || to === null) return null
  return { from_min, to_min: to > from_min ? to : to + DAY_MIN }
}

/** Whether it ends on the next day, and not at midnight. */
export const endsNextDay = (said: Said): boolean => (spanOf(said)?.to_min ?? 0) > DAY_MIN

export const WHOLE_DAY: Said = { from: '00:00', to: '00:00' }
export const isWholeDay = (said: Said): boolean => said.from === '00:00' && said.to === '00:00'

/** Those of a day in their order; null while one is not filled in, or two are at once. */
export function spansOf(said: Said[]): DaySpan[] | null {
  const spans = said.map(spanOf)
  if (spans.some((span) => !span)) return null
  const sorted = (spans as DaySpan[]).sort((one, other) => one.from_min - other.from_min)
  const apart = sorted.every((span, at) => !at || sorted[at - 1]!.to_min <= span.from_min)
  return apart ? sorted : null
}

/** The day so many days later: `2026-11-30`. */
export function dayAfter(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)
}

/** Its place in the week, from Monday, 0. */
export const weekdayOf = (date: string): number => (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7
