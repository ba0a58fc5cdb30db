/** The steps of a replacement in their order, and which is next. */
import type { Replacement, ReplacementState, ReplacementVerb } from '@/api'

export type StepName = 'device' | 'bind' | 'old_keys' | 'keys' | 'test' | 'sign' | 'live'

/** Each step, the verbs that took it, and the states in which it is next. */
export const STEPS: { name: StepName; verbs: ReplacementVerb[]; next: ReplacementState[] }[] = [
  { name: 'device', verbs: ['pick', 'accept_warnings'], next: ['begun', 'refused', 'warned'] },
  { name: 'bind', verbs: ['bind'], next: ['device_checked'] },
  { name: 'old_keys', verbs: ['end_old_keys'], next: ['bound'] },
  { name: 'keys', verbs: ['load_keys'], next: ['old_keys_dead'] },
  { name: 'test', verbs: ['pass_test'], next: ['keys_loaded', 'testing'] },
  { name: 'sign', verbs: ['sign'], next: ['tested'] },
  { name: 'live', verbs: ['go_live'], next: ['signed'] },
]

/** The place of the next step; of one that is over, the number of steps. */
export function nextStep(one: Replacement): number {
  const at = STEPS.findIndex((step) => step.next.includes(one.state))
  return at < 0 ? STEPS.length : at
}

/** When and by whom a step was taken last; nothing while it is to come. */
export function takenStep(one: Replacement, at: number) {
  if (at >= nextStep(one) && one.state !== 'withdrawn') return undefined
  return [...one.steps].reverse().find((step) => STEPS[at]!.verbs.includes(step.verb))
}
