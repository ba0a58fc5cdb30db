/** The shapes of a registration's states and of what a check came to. */
import type { CheckOutcome, RegistrationState } from '@/api/types'

export const STATE_MARK: Record<RegistrationState, string> = {
  unconfirmed: 'waiting',
  checking: 'waiting',
  review: 'waiting',
  approved: 'waiting',
  accepted: 'running',
  returned: 'held',
  refused: 'lost',
  withdrawn: 'retired',
}

export const OUTCOME_MARK: Record<CheckOutcome, string> = {
  same: 'confirmed',
  differs: 'lost',
  no_record: 'held',
  cannot_tell: 'held',
  down: 'held',
}
