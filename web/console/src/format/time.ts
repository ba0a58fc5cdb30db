/**
 * Times and lengths of time for people: local, with the zone at hand, relative while fresh.
 *
 * Invariant: `whole` can be copied into evidence: it names date, second and offset from UTC.
 */
import { ref } from 'vue'
import { locale, t } from '@/i18n'

/** The present, for everything that says how long ago; it moves every five seconds. */
export const now_ms = ref(Date.now())
setInterval(() => (now_ms.value = Date.now()), 5_000)

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** Up to this age “how long ago” says more than the clock. */
export const FRESH_MS = 15 * MINUTE_MS

export const at_ms = (at: string): number => Date.parse(at)

const two = (value: number) => String(value).padStart(2, '0')

export function clock(at: string, seconds = false): string {
  const date = new Date(at)
  return `${two(date.getHours())}:${two(date.getMinutes())}${seconds ? `:${two(date.getSeconds())}` : ''}`
}

/** `15:01:22.08`: hundredths are enough to compare receipts, and no reader misreads them. */
export function exactClock(at: string): string {
  return `${clock(at, true)}.${two(Math.floor(new Date(at).getMilliseconds() / 10))}`
}

export function day(at: string): string {
  const date = new Date(at)
  const year = date.getFullYear() === new Date(now_ms.value).getFullYear() ? undefined : 'numeric'
  return new Intl.DateTimeFormat(locale.value, { year, month: 'short', day: 'numeric' }).format(date)
}

const sameDay = (a: Date, b: Date) => a.toDateString() === b.toDateString()

/** The clock today, “yesterday 14:32”, or the day with the clock. */
export function dayClock(at: string, seconds = false): string {
  const date = new Date(at)
  const present = new Date(now_ms.value)
  if (sameDay(date, present)) return t.value.time.today(clock(at, seconds))
  if (sameDay(date, new Date(now_ms.value - DAY_MS))) return t.value.time.yesterday(clock(at, seconds))
  return `${day(at)} ${clock(at, seconds)}`
}

/** “3 minutes ago” while fresh, then the clock; days ago only the day. */
export function fresh(at: string): string {
  const age_ms = now_ms.value - at_ms(at)
  if (age_ms < MINUTE_MS) return t.value.time.just_now
  if (age_ms < FRESH_MS) return t.value.time.minutes_ago(Math.floor(age_ms / MINUTE_MS))
  return age_ms < 2 * DAY_MS ? dayClock(at) : day(at)
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

/** How long ago, in one unit: for marks with little room. */
export function since(at: string): string {
  const minutes = Math.max(1, Math.floor((now_ms.value - at_ms(at)) / MINUTE_MS))
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

/** `2026-11-22 15:01:22 UTC+08:00 (Asia/Shanghai)`. */
export function whole(at: string): string {
  const date = new Date(at)
  const offset_minutes = -date.getTimezoneOffset()
  const ahead = Math.abs(offset_minutes)
  const zone = `UTC${offset_minutes < 0 ? '-' : '+'}${two(Math.floor(ahead / 60))}:${two(ahead % 60)}`
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(at, true)} ${zone} (${name})`
}

/** A time for `<input type="datetime-local">`, and back. */
export function toLocalInput(ms: number): string {
  const date = new Date(ms)
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`
}

export function fromLocalInput(text: string): string | null {
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? null : new Date(ms).toISOString()
}
