/**
 * The geometry of the loss's picture: where hours, sales and attempts lie on it.
 *
 * Invariant: pure; what is drawn is what the server told, at its moment in the terminal's zone.
 */
import type { Activity, Transaction } from '@/api'
import { at_ms, day, told } from '@/format/time'
import { wall, type Zone } from '@/format/zone'

export const HEIGHT = 196
export const TOP = 34
export const BASE = 166
export const LEFT = 6
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const LANES = 8

export type Mark = Activity['marks'][number]

export interface Span {
  from: number
  to: number
}

/** The place of a moment on a picture of that width. */
export const placed = (span: Span, width: number) => (ms: number) =>
  LEFT + ((ms - span.from) / (span.to - span.from)) * (width - 2 * LEFT)

/** As many full hours of the zone's clock as there is room for. */
export function ticks(span: Span, width: number, zone: Zone): { ms: number; label: string }[] {
  const hours = (span.to - span.from) / HOUR_MS
  const room = Math.max(2, Math.floor(width / 68))
  const step = [1, 2, 3, 4, 6, 12, 24].find((one) => hours / one <= room) ?? 24
  const start = wall(span.from, zone)
  const list: { ms: number; label: string }[] = []
  for (
    let ms = span.from - (start.minute * 60 + start.second) * 1000 - (span.from % 1000);
    ms <= span.to && list.length < 100;
    ms += HOUR_MS
  ) {
    const { hour } = wall(ms, zone)
    if (ms >= span.from && hour % step === 0)
      list.push({ ms, label: hour === 0 ? day(told(ms), zone) : `${hour}:00` })
  }
  return list
}

/** Sales as bars. One that the stop cuts holds sales before it only: it must not reach beyond `end_ms`. */
export function bars(activity: Activity, x: (ms: number) => number, end_ms: number) {
  const bucket_ms = activity.bucket_minutes * MINUTE_MS
  const most = Math.max(1, ...activity.buckets.map((bucket) => bucket.approved_count))
  return activity.buckets
    .filter((bucket) => bucket.approved_count > 0)
    .map((bucket) => {
      const from = at_ms(bucket.at)
      const to = from < end_ms ? Math.min(from + bucket_ms, end_ms) : from + bucket_ms
      const height = Math.max(3, (bucket.approved_count / most) * (BASE - TOP - 22))
      return {
        key: bucket.at,
        x: x(from) + 1,
        y: BASE - height,
        width: Math.max(2, x(to) - x(from) - 2.5),
        height,
      }
    })
}

/** Marks that would cover each other rise in lanes. */
export function laned(marks: Mark[], x: (ms: number) => number): { x: number; y: number }[] {
  const lanes: number[] = []
  return [...marks]
    .sort((a, b) => at_ms(a.at) - at_ms(b.at))
    .map((mark) => {
      const place = x(at_ms(mark.at))
      let lane = lanes.findIndex((last) => place - last > 11)
      if (lane < 0) lane = Math.min(lanes.length, LANES - 1)
      lanes[lane] = place
      return { x: place, y: BASE - 10 - lane * 13 }
    })
}

export const isRefused = (mark: Pick<Mark, 'decision'>) =>
  mark.decision === 'declined' || mark.decision === 'recorded'

/** An attempt that the live stream told, as a mark of the picture. */
export const asMark = (one: Transaction): Mark => ({
  at: one.decided_at,
  decision: one.decision,
  kind: one.kind,
  amount: one.amount,
  in_window: false,
})
