/**
 * Times and lengths of time for people: by the server's clock, in the zone they are told in, relative while fresh.
 *
 * Invariant: `whole` can be copied into evidence: it names date, second, offset from UTC and zone.
 */
import { now_ms } from '@/clock'
import { locale, t } from '@/i18n'
import { momentOf, nameOf, wall, type Zone } from './zone'

export { now_ms } from '@/clock'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** Up to this age “how long ago” says more than the clock. */
export const FRESH_MS = 15 * MINUTE_MS

export const at_ms = (at: string): number => Date.parse(at)
export const told = (ms: number): string => new Date(ms).toISOString()

const two = (value: number) => String(value).padStart(2, '0')

export function clock(at: string, zone: Zone, seconds = false): string {
  const { hour, minute, second } = wall(at_ms(at), zone)
  return `${two(hour)}:${two(minute)}${seconds ? `:${two(second)}` : ''}`
}

/** `15:01:22.08`: hundredths are enough to compare receipts, and no reader misreads them. */
export function exactClock(at: string, zone: Zone): string {
  return `${clock(at, zone, true)}.${two(Math.floor((at_ms(at) % 1000) / 10))}`
}

export function day(at: string, zone: Zone): string {
  const timeZone = nameOf(zone)
  const year = wall(at_ms(at), zone).year === wall(now_ms.value, zone).year ? undefined : 'numeric'
  return new Intl.DateTimeFormat(locale.value, { year, month: 'short', day: 'numeric', timeZone }).format(
    at_ms(at),
  )
}

/** `2026-11-22`. */
export function date(ms: number, zone: Zone): string {
  const { year, month, day: date } = wall(ms, zone)
  return `${year}-${two(month)}-${two(date)}`
}

/** The clock today, “yesterday 14:32”, or the day with the clock. */
export function dayClock(at: string, zone: Zone, seconds = false): string {
  const shown = clock(at, zone, seconds)
  const on = date(at_ms(at), zone)
  if (on === date(now_ms.value, zone)) return t.value.time.today(shown)
  if (on === date(now_ms.value - DAY_MS, zone)) return t.value.time.yesterday(shown)
  return `${day(at, zone)} ${shown}`
}

/** From when to when, to the second, each with its day unless that is the first one’s. */
export function fromTo(span: { from: string; to: string }, zone: Zone): [string, string] {
  const is_one_day = date(at_ms(span.from), zone) === date(at_ms(span.to), zone)
  const ends = clock(span.to, zone, true)
  return [
    `${day(span.from, zone)} ${clock(span.from, zone, true)}`,
    is_one_day ? ends : `${day(span.to, zone)} ${ends}`,
  ]
}

/** “3 minutes ago” while fresh, then the clock; days ago only the day. */
export function fresh(at: string, zone: Zone): string {
  const age_ms = now_ms.value - at_ms(at)
  if (age_ms < MINUTE_MS) return t.value.time.just_now
  if (age_ms < FRESH_MS) return t.value.time.minutes_ago(Math.floor(age_ms / MINUTE_MS))
  return age_ms < 2 * DAY_MS ? dayClock(at, zone) : day(at, zone)
}

/** A length of time in the largest one or two units that matter. */
export function length(length_ms: number): string {
  const words = t.value.time
  const minutes = Math.floor(Math.abs(length_ms) / MINUTE_MS)
  if (minutes < 1) return words.seconds(Math.max(1, Math.round(Math.abs(length_ms) / 1000)))
  if (minutes < 60) return words.minutes(minutes)
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return minutes % 60 ? words.hours_minutes(hours, minutes % 60) : words.hours(hours)
  const days = Math.floor(hours / 24)
  return days < 4 && hours % 24 ? words.days_hours(days, hours % 24) : words.days(days)
}

/** A length of time in one unit: for marks with little room. */
export function roughly(length_ms: number): string {
  const minutes = Math.max(1, Math.floor(length_ms / MINUTE_MS))
  const words = t.value.time
  if (minutes < 60) return words.minutes(minutes)
  if (minutes < 24 * 60) return words.hours(Math.floor(minutes / 60))
  return words.days(Math.floor(minutes / (24 * 60)))
}

/** Seconds with the decimals that say something, for “stopped in 0.08 s”: never “0.00”. */
export function seconds(length_ms: number): string {
  if (length_ms < 10) return (Math.max(length_ms, 1) / 1000).toFixed(3)
  return (length_ms / 1000).toFixed(length_ms < 10_000 ? 2 : 1)
}

/** `UTC+08:00`. */
export function offset(ms: number, zone: Zone): string {
  const { ahead_minutes } = wall(ms, zone)
  const ahead = Math.abs(ahead_minutes)
  return `UTC${ahead_minutes < 0 ? '-' : '+'}${two(Math.floor(ahead / 60))}:${two(ahead % 60)}`
}

/** `2026-11-22 15:01:22`: for a page that names the zone once. */
export const dateClock = (at: string, zone: Zone): string =>
  `${date(at_ms(at), zone)} ${clock(at, zone, true)}`

/** `2026-11-22 15:01:22 UTC+08:00 (Asia/Shanghai)`. */
export function whole(at: string, zone: Zone): string {
  return `${dateClock(at, zone)} ${offset(at_ms(at), zone)} (${nameOf(zone)})`
}

/** The moment of today when that zone's clock shows `14:30`; null for anything else. */
export function todayAt(text: string, zone: Zone): number | null {
  const [, hour, minute] = text.match(/^(\d{2}):(\d{2})$/)?.map(Number) ?? []
  if (hour === undefined || minute === undefined || hour > 23 || minute > 59) return null
  return momentOf({ ...wall(now_ms.value, zone), hour, minute }, zone)
}
