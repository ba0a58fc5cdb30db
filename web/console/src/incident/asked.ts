/**
 * What is known of a stop that somebody outside decides: for the head of the page, its marks and its clocks.
 *
 * Invariant: *stopped* is shown only where the server says so.
 */
import type { Incident, IncidentSummary, StopRequest, TerminalSummary } from '@/api'
import { t } from '@/i18n'

/** Whether an acquirer outside decides: its letter went out, and so has a digest. */
export const isOutside = (incident: Pick<Incident, 'stop_request'>): boolean =>
  incident.stop_request.sha256 !== null

/** How a stop looks: asked for and late, asked for, said by them, stopped. */
export type Look = 'late' | 'waiting' | 'confirmed' | 'stopped'
export function look(one: { state: StopRequest['state']; reminder_count: number }): Look {
  if (one.state !== 'requested') return one.state
  return one.reminder_count > 0 ? 'late' : 'waiting'
}

/** Whom the request goes to, by name. */
export const acquirer = (request: StopRequest): string => request.contact?.name ?? t.value.asked.acquirer

/** Who has stopped it, by name: the provider that read it back. */
export const stopper = (request: StopRequest): string =>
  request.provider ? t.value.asked.provider_name[request.provider.provider] : acquirer(request)

/** A mark of a terminal or an incident whose stop was asked for: word and shape; null where our gate stopped it. */
export function stopMark(
  stop_state: TerminalSummary['stop_state'] | IncidentSummary['stop_state'],
): { shape: string; word: string } | null {
  if (!stop_state || stop_state === 'stopped') return null
  const shape = stop_state === 'requested' ? 'waiting' : 'confirmed'
  return { shape, word: t.value.asked.state[stop_state] }
}
