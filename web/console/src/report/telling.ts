/**
 * What a reporter has said so far, and the report that is made of it.
 *
 * Invariant: nothing is reported that nobody said: a question without an answer leaves its field empty.
 */
import type { LossReport, Manner, Transaction } from '@/api'
import { now } from '@/clock'
import { money } from '@/format/money'
import { clock, dayClock, told as isoOf, todayAt } from '@/format/time'
import type { Zone } from '@/format/zone'
import { t } from '@/i18n'

export const SEEN = ['now', 'half_hour', 'today', 'unsure'] as const
export type Seen = (typeof SEEN)[number]
/** How it went, in the order in which it is asked. */
export const MANNERS: Manner[] = ['stolen', 'lost', 'tampered', 'unsure']
export const WHOSE = ['ours', 'not_ours', 'ours_unsure'] as const
export type Whose = (typeof WHOSE)[number]

export interface Told {
  seen: Seen | null
  /** `14:30`, where “earlier today” was said. */
  time: string
  manner: Manner | null
  /** By the payment's sequence. */
  whose: Record<number, Whose>
  place: string
  words: string
}

export const nothing = (): Told => ({ seen: null, time: '', manner: null, whose: {}, place: '', words: '' })

const HALF_HOUR_MS = 30 * 60_000

/** When it was last seen, as far as that was said. */
export function seenAt(told: Told, zone: Zone): number | null {
  if (told.seen === 'now') return now()
  if (told.seen === 'half_hour') return now() - HALF_HOUR_MS
  return told.seen === 'today' ? todayAt(told.time, zone) : null
}

export const isAhead = (told: Told, zone: Zone): boolean => (seenAt(told, zone) ?? 0) > now() + 60_000

/** What has no field of its own is said in words, so that it stands in the report and on paper. */
function inWords(told: Told, payments: Transaction[], zone: Zone): string {
  const words = t.value.report
  const list = (whose: Whose) =>
    payments
      .filter((one) => told.whose[one.sequence] === whose)
      .map((one) => `${dayClock(one.decided_at, zone, true)} ${one.amount ? money(one.amount) : ''}`.trim())
      .join(words.between)
  const [theirs, unsure] = [list('not_ours'), list('ours_unsure')]
  return [
    told.words.trim(),
    told.seen === 'today' && !told.time && words.told_today,
    theirs && words.told_not_ours(theirs),
    unsure && words.told_unsure(unsure),
  ]
    .filter(Boolean)
    .join('\n')
}

export function lossReport(terminal_id: string, told: Told, payments: Transaction[], zone: Zone): LossReport {
  const seen_ms = seenAt(told, zone)
  const said = payments.flatMap(({ sequence }) => {
    const whose = told.whose[sequence]
    return whose ? [{ sequence, ours: whose === 'ours' }] : []
  })
  return {
    terminal_id,
    manner: told.manner ?? undefined,
    last_seen_at: seen_ms === null ? undefined : isoOf(seen_ms),
    place: told.place.trim() || undefined,
    circumstances: inWords(told, payments, zone) || undefined,
    payments: said.length ? said : undefined,
  }
}

/** `14:49 ¥4,800.00`, for a question about one payment. */
export const paymentName = (one: Transaction, zone: Zone): string =>
  `${clock(one.decided_at, zone)}${one.amount ? ` ${money(one.amount)}` : ''}`
