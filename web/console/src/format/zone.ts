/**
 * Whose clock a page shows: what is said about a terminal is said in its own zone, wherever the reader is.
 *
 * A page provides the zone once; everything below it that shows a moment takes it from there.
 *
 * Invariant: a moment is never shown in the browser's zone unless no terminal's zone is known.
 */
import {
  computed,
  inject,
  provide,
  toValue,
  type ComputedRef,
  type InjectionKey,
  type MaybeRefOrGetter,
} from 'vue'

/** IANA name. */
export type Zone = string

/** The reader's own, for pages that are about no terminal. */
export const ownZone: Zone = new Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'

const key: InjectionKey<ComputedRef<Zone>> = Symbol('zone')

export function provideZone(zone: MaybeRefOrGetter<Zone | undefined>): ComputedRef<Zone> {
  const provided = computed(() => toValue(zone) ?? ownZone)
  provide(key, provided)
  return provided
}

export const useZone = (): ComputedRef<Zone> => inject(key, () => computed(() => ownZone), true)

/** A moment as the clock and calendar of a zone show it. */
export interface Wall {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  /** How far the zone is ahead of UTC. */
  ahead_minutes: number
}

const formats = new Map<Zone, Intl.DateTimeFormat>()

function formatOf(zone: Zone): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known) return known
  const fields = {
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  } as const
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', { ...fields, hourCycle: 'h23', timeZone: zone })
  } catch {
    // A zone this browser does not know is shown as UTC, and said to be.
    format = new Intl.DateTimeFormat('en-US', { ...fields, hourCycle: 'h23', timeZone: 'UTC' })
  }
  formats.set(zone, format)
  return format
}

/** The zone's name as it is used: `UTC` when the browser does not know it. */
export const nameOf = (zone: Zone): string => formatOf(zone).resolvedOptions().timeZone

export function wall(ms: number, zone: Zone): Wall {
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const { year, month, day, hour, minute, second } = parts as unknown as Omit<Wall, 'ahead_minutes'>
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second)
  return { year, month, day, hour, minute, second, ahead_minutes: Math.round((asUtc - ms) / 60_000) }
}

/** The day that zone's calendar shows, as a field for a day takes it: `2026-11-22`. */
export function dayOf(ms: number, zone: Zone): string {
  const { year, month, day } = wall(ms, zone)
  return [year, month, day].map((part) => String(part).padStart(2, '0')).join('-')
}

/** The moment when that zone's clock shows this; around a change of the clock, one of the two. */
export function momentOf(at: Omit<Wall, 'ahead_minutes' | 'second'>, zone: Zone): number {
  const asUtc = Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute)
  const first = asUtc - wall(asUtc, zone).ahead_minutes * 60_000
  return asUtc - wall(first, zone).ahead_minutes * 60_000
}

/** The moment when that zone's clock shows `2026-11-22T14:30`, as a field for day and time gives it; else null. */
export function localMoment(text: string, zone: Zone): number | null {
  const [, year, month, day, hour, minute] =
    text.match(/^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})/)?.map(Number) ?? []
  if (year === undefined || month === undefined || day === undefined) return null
  if (hour === undefined || minute === undefined) return null
  return momentOf({ year, month, day, hour, minute }, zone)
}
