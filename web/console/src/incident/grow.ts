/**
 * The incident as the server told it, grown by what the live stream told since: an attempt costs its own bytes and no
 * more.
 *
 * Invariant: only events after the answer's `last_sequence` are added, so nothing is counted twice.
 */
import type { Incident, TimelineItem, Transaction } from '@/api'

/** One row may stand for many alike attempts. */
export const timesOf = (item: TimelineItem): number => item.transaction?.repeated ?? 1

export const isUnproven = (item: TimelineItem): boolean => item.transaction?.proof === 'unproven'

export const isAttempt = (item: TimelineItem) =>
  item.kind === 'attempt_refused' || item.kind === 'attempt_recorded'

/** An attempt says everything by itself; any other event changes what may be done, which only the server says. */
export const needsReading = (item: TimelineItem): boolean => !isAttempt(item)

/** `news` is newest first, as the timeline is. */
export function grown(incident: Incident, news: readonly TimelineItem[]): Incident {
  let { attempt_count, unproven_attempt_count, unacknowledged_alarm_count, last_sequence } = incident
  for (const item of [...news].reverse()) {
    if (item.sequence <= incident.last_sequence) continue
    if (isAttempt(item)) attempt_count += timesOf(item)
    if (isAttempt(item) && isUnproven(item)) unproven_attempt_count += timesOf(item)
    if (item.kind === 'alarm') unacknowledged_alarm_count += 1
    if (item.kind === 'alarm_acknowledged') unacknowledged_alarm_count = 0
    last_sequence = item.sequence
  }
  return { ...incident, attempt_count, unproven_attempt_count, unacknowledged_alarm_count, last_sequence }
}

/** A list of transactions, newest first, with those that the events brought since. */
export function withAttempts(listed: readonly Transaction[], news: readonly TimelineItem[]): Transaction[] {
  const newest = Math.max(0, ...listed.map((one) => one.sequence))
  const added = news.flatMap(({ transaction }) =>
    transaction && transaction.sequence > newest ? [transaction] : [],
  )
  return [...added, ...listed]
}
