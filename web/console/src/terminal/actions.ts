/**
 * What a reader may do with a terminal, as verbs for the buttons.
 *
 * Invariant: the one place that derives it, until the server lists the verbs with each answer; it only hides what would
 * be refused anyway.
 */
import type { Terminal } from '@/api'
import { mayAct } from '@/session'

export type Verb = 'see-incident' | 'unlock' | 'lock' | 'report'

export function actionsOf(terminal: Terminal): Verb[] {
  const { state, standing_holds, open_incident_id } = terminal
  const cashierLocked = standing_holds.some(
    ({ kind }) => kind === 'cashier_lock' || kind === 'wrong_passwords',
  )
  const acts = mayAct.value && state !== 'retired'
  const verbs: [Verb, boolean][] = [
    ['see-incident', open_incident_id !== null],
    ['unlock', acts && cashierLocked && state === 'held'],
    ['lock', acts && (state === 'running' || (state === 'held' && !cashierLocked))],
    ['report', acts && open_incident_id === null],
  ]
  return verbs.flatMap(([verb, may]) => (may ? [verb] : []))
}
