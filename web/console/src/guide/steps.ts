/**
 * The walk through a case of the demo: its steps, who takes each, and where the case stands.
 *
 * Invariant: a step is done because the server says so of the case, never because somebody was here.
 */
import type { Duty, Incident, Replacement, TimelineKind } from '@/api'

export type Hand = 'owner' | 'manager' | 'risk' | 'second'
export type StepName =
  'report' | 'attempts' | 'facts' | 'police' | 'acquirer' | 'money' | 'replacement' | 'closing' | 'pack'

/** What the server says of the case. */
export interface Known {
  incident: Incident
  duties: Duty[]
  replacement: Replacement | null
  /** What has happened, by kind. */
  kinds: ReadonlySet<TimelineKind>
}

export interface Step {
  name: StepName
  hand: Hand
  isDone: boolean
  /** What is still to be ended in it. */
  left: Duty[]
}

/** What one duty of its own is for a step of its own. */
const APART = ['police_report', 'acquirer_deregister']

const isOpen = (duty: Duty) => duty.state === 'open'
/** Whoever has said that there is no need has done their part: a second person ends it with the case. */
const blocks = (duty: Duty) => duty.blocks_closing && isOpen(duty) && !APART.includes(duty.duty)
const isClosed = (known: Known) => known.incident.state === 'closed'

/** The steps; `known` is null while nothing is reported. `managed` is the shop that the manager sees. */
export function steps(known: Known | null, managed: string): Step[] {
  const of = (which: (duty: Duty) => boolean) => known?.duties.filter(which) ?? []
  const has = (kind: TimelineKind) => known?.kinds.has(kind) ?? false
  /** A case that is over owes nothing; one without duties yet has not begun to. */
  const none = (left: Duty[]) => !!known && (isClosed(known) || (known.duties.length > 0 && !left.length))
  const police = of((duty) => duty.duty === 'police_report' && isOpen(duty))
  const acquirer = of((duty) => duty.duty === 'acquirer_deregister' && isOpen(duty))
  const money = of((duty) => duty.whose === 'shop' && blocks(duty))
  const replacement = of((duty) => duty.whose === 'acquirer' && blocks(duty))
  const proposed = of((duty) => duty.blocks_closing && duty.state === 'not_needed_proposed')
  const said = ['commented', 'file_added'] as const
  const isSaid = !!known?.incident.circumstances || !!known?.incident.place || said.some(has)
  const step = (name: StepName, hand: Hand, isDone: boolean, left: Duty[] = []): Step => ({
    name,
    hand,
    isDone: isDone || (name !== 'pack' && !!known && isClosed(known)),
    left,
  })
  return [
    step('report', 'owner', !!known),
    step('attempts', 'owner', has('alarm_acknowledged')),
    step('facts', 'owner', isSaid),
    step('police', 'owner', none(police), police),
    step('acquirer', 'risk', none(acquirer), acquirer),
    step('money', known?.incident.terminal.shop_id === managed ? 'manager' : 'owner', none(money), money),
    step('replacement', 'risk', none(replacement), replacement),
    step('closing', 'second', false, proposed),
    step('pack', 'second', has('pack_made')),
  ]
}
