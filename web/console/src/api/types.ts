/**
 * The shapes of `/api/v1`, as the server writes them.
 *
 * This file only says what travels; it can be exchanged for types generated from `/api/openapi.json`.
 * Times are RFC 3339 in UTC with milliseconds; money is an integer of minor units with its currency.
 *
 * Invariant: no function lives here.
 */

export type Time = string

export interface Money {
  minor: number
  currency: string
}

export interface Page<T> {
  items: T[]
  next_cursor: string | null
}

export type Role = 'owner' | 'manager' | 'risk_officer' | 'auditor'

export interface Account {
  login: string
  name: string
  role: Role
  merchant_id: string | null
  merchant_name: string | null
  shop_id: string | null
}

export interface Shop {
  shop_id: string
  name: string
  merchant_id: string
  merchant_name: string
  address: string | null
  today: Money
  today_count: number
  terminal_count: number
}

export type TerminalState = 'running' | 'held' | 'lost' | 'retired'

export type HoldKind =
  | 'cashier_lock'
  | 'wrong_passwords'
  | 'bank_lock'
  | 'judicial_freeze'
  | 'fault'
  | 'loss'
  | 'geofence'
  | 'inspection_overdue'
  | 'lease_expired'

export type ReleasingAuthority =
  | 'operator'
  | 'time'
  | 'bank'
  | 'court'
  | 'engineer'
  | 'incident'
  | 'placement'
  | 'inspector'
  | 'lease'

export interface Hold {
  hold_id: string
  kind: HoldKind
  cause: string
  placed_by: string
  placed_at: Time
  until: Time | null
  releasing_authority: ReleasingAuthority
  released_at: Time | null
  released_by: string | null
  release_ground: string | null
}

export type TransactionKind =
  | 'purchase'
  | 'void'
  | 'refund'
  | 'pre_authorisation'
  | 'pre_authorisation_void'
  | 'completion'
  | 'completion_void'
  | 'balance'
  | 'reversal'
  | 'sign_in'
  | 'sign_out'
  | 'settlement'
  | 'batch_upload'
  | 'unlock'

export type Decision = 'approved' | 'declined' | 'pending' | 'reversed' | 'recorded'

export type EntryMode = 'swipe' | 'chip' | 'contactless' | 'manual' | 'qr'

export interface LastTransaction {
  kind: TransactionKind
  decision: Decision
  amount: Money | null
  decided_at: Time
  operator: string | null
}

export interface TerminalSummary {
  terminal_id: string
  serial: string
  model: string
  name: string
  shop_id: string
  shop_name: string
  merchant_id: string
  merchant_name: string
  state: TerminalState
  hold_kinds: HoldKind[]
  last_seen_at: Time | null
  last_transaction: LastTransaction | null
  /** The operator signed in now, if any. */
  operator: string | null
  open_incident_id: string | null
}

export interface TerminalCounts {
  running: number
  held: number
  lost: number
  retired: number
}

export interface TerminalPage extends Page<TerminalSummary> {
  counts: TerminalCounts
}

export interface Terminal extends TerminalSummary {
  identity: {
    acquirer_code: string
    merchant_code: string
    unified_social_credit_code: string
    settlement_account: string
    placement_address: string
  }
  standing_holds: Hold[]
  holds: Hold[]
  settings: { language: string; time_zone: string }
  batch: number | null
  signed_in_at: Time | null
}

export interface Transaction {
  terminal_id: string
  sequence: number
  kind: TransactionKind
  decision: Decision
  response_code: string | null
  reason: string | null
  amount: Money | null
  card: string | null
  entry_mode: EntryMode | null
  operator: string | null
  batch: number | null
  trace: number | null
  retrieval_reference: string | null
  approval_code: string | null
  peer: string | null
  requested_at: Time
  decided_at: Time
  of_sequence: number | null
}

export type Manner = 'stolen' | 'lost' | 'unsure'

export interface LossReport {
  terminal_id: string
  last_seen_at?: Time
  place?: string
  circumstances?: string
  manner?: Manner
}

export type Channel =
  | 'card_authorisation'
  | 'sign_in'
  | 'refund_and_void'
  | 'reversal_and_settlement'
  | 'cashier_unlock'
  | 'console_and_api'

export interface Receipt {
  channel: Channel
  state: 'stopped'
  at: Time
  node: string
  in_flight_waited: number
}

export interface LossReported {
  id: string
  terminal_id: string
  suspended_at: Time
  receipts: Receipt[]
  reported_at: Time
  stop_ms: number
}

export type IncidentState = 'open' | 'found_proposed' | 'closed'

export interface IncidentSummary {
  id: string
  terminal_id: string
  terminal_name: string
  shop_name: string
  merchant_name: string
  state: IncidentState
  manner: Manner | null
  reported_at: Time
  suspended_at: Time
  attempt_count: number
  unacknowledged_alarm_count: number
  approved_since: number
}

export type DutyKind =
  | 'police_report'
  | 'check_transactions'
  | 'acquirer_deregister'
  | 'exposure_assessment'
  | 'replacement'

export interface Duty {
  duty: DutyKind
  due_at: Time | null
  whose: 'shop' | 'acquirer'
  rule: string | null
}

export interface StopRequestText {
  number: string
  rule: string
  requested_at: Time
  requested_by: string
  text_zh: string
  text_en: string
}

export interface Found {
  proposed_by: string
  proposed_at: Time
  statement: string
  confirmed_by: string | null
  confirmed_at: Time | null
}

export type WindowBasis = 'last_trusted_transaction' | 'reported_last_seen' | 'reported_only'

export interface Incident extends IncidentSummary {
  reported_by: string
  last_seen_at: Time | null
  place: string | null
  circumstances: string | null
  loss_window: { from: Time; to: Time; basis: WindowBasis }
  receipts: Receipt[]
  stop_ms: number
  node: string
  stop_request: StopRequestText
  terminal: TerminalSummary
  window_transaction_count: number
  window_amount: Money
  found: Found | null
  next: Duty[]
}

export type TimelineKind =
  | 'reported'
  | 'suspended'
  | 'receipt'
  | 'attempt_refused'
  | 'attempt_recorded'
  | 'host_reversal'
  | 'alarm'
  | 'alarm_acknowledged'
  | 'found_proposed'
  | 'closed'

export interface TimelineItem {
  sequence: number
  at: Time
  kind: TimelineKind
  transaction: Transaction | null
  by: string | null
  text: string | null
}

export interface ActivityBucket {
  at: Time
  approved_count: number
  approved_minor: number
  refused_count: number
}

export interface ActivityMark {
  at: Time
  decision: Decision
  kind: TransactionKind
  amount: Money | null
  in_window: boolean
}

export interface Activity {
  from: Time
  to: Time
  bucket_minutes: number
  buckets: ActivityBucket[]
  marks: ActivityMark[]
}

export interface Gate {
  connections: number
  frames: number
  malformed: number
  unknown_terminal: number
  mac_failures: number
  in_flight: number
  host_connected: boolean
  reversals_owed: number
}

/** `application/problem+json`, with the fields single errors add. */
export interface ProblemBody {
  type: string
  title: string
  status: number
  code: string
  detail: string
  field?: string
  reference?: string
  attempts_left?: number
}
