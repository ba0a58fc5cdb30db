/**
 * The payments of a loss that are to be checked, the most outstanding first, and what people say of them.
 *
 * Invariant: no page builds a path of its own.
 */
import { file, get, post } from './http'
import type { Money, Page, PaymentMethod, SheetFormat, TimeSpan } from './types'

/** What somebody says of a payment: the shop's own, not the shop's, or not sure. */
export type Mark = 'genuine' | 'fraudulent' | 'unsure'
export type SuspectKind = 'sale' | 'refund' | 'void' | 'other'
export type SuspectState = 'approved' | 'declined' | 'pending' | 'unknown'
export type SuspectEntry = 'tapped' | 'inserted' | 'swiped' | 'keyed' | 'fallback' | 'code'
/** How exactly the moment is known. */
export type Certainty = 'second' | 'minute' | 'hour' | 'day'
export type SuspectOrder = 'score' | 'time'
export type MarkFilter = 'all' | 'none' | Mark

export interface Reason {
  code: string
  title: string
  text: string
  /** What it adds to the score; below 0 it speaks for the payment. */
  points: number
}

export interface Opinion {
  by: string
  mark: Mark
  at: string
  ground: string | null
}

export interface SuspectRef {
  id: string
  at: string
  kind: SuspectKind
  amount: Money
}

export interface Suspect {
  id: string
  sequence: number | null
  statement_row: string | null
  at: string
  certainty: Certainty
  kind: SuspectKind
  state: SuspectState
  amount: Money
  method: PaymentMethod | null
  card: string | null
  payer: string | null
  entry: SuspectEntry | null
  operator: string | null
  /** This terminal's; else it only may be. */
  is_certain: boolean
  in_window: boolean
  /** 0 to 1000. */
  score: number
  reasons: Reason[]
  same: SuspectRef[]
  sale: Omit<SuspectRef, 'kind'> | null
  mark: Mark | null
  opinions: Opinion[]
}

export interface MarkCounts {
  all: number
  unmarked: number
  fraudulent: number
  unsure: number
  genuine: number
}

export interface Risk {
  sale_count: number
  sale_minor: number
  refund_count: number
  refund_minor: number
}

export interface AtRisk {
  currency: string
  fraudulent: Risk
  unsure: Risk
  unmarked: Risk
}

export interface SuspectChart {
  from: string
  step_s: number
  own: number[]
  others: number[] | null
}

export interface Suspects extends Omit<Page<Suspect>, 'actions'> {
  window: TimeSpan
  around: TimeSpan
  holes: TimeSpan[]
  stopped_at: string | null
  counts: MarkCounts
  /** Inside the window only. */
  at_risk: AtRisk[]
  chart: SuspectChart
  not_asked: { code: string; text: string }[]
  may_mark: boolean
}

export interface MarkIn {
  incident_id: string
  /** At most 200. */
  items: string[]
  /** Null takes one's own back. */
  mark: Mark | null
  ground: string | null
}

export interface Marked {
  items: { id: string; mark: Mark | null; opinions: Opinion[] }[]
  counts: MarkCounts
}

export interface SuspectFilter {
  limit?: number
  cursor?: string | null
  order?: SuspectOrder
  mark?: MarkFilter
}

const of = (incident: string) => `/incidents/${encodeURIComponent(incident)}/suspects`

export const suspects = {
  list: (incident: string, filter: SuspectFilter = {}) => get<Suspects>(of(incident), { ...filter }),
  mark: (key: string, said: MarkIn) => post<Marked>('/marks', said, key),
  export: (incident: string, format: SheetFormat) => file(`${of(incident)}.${format}`),
}
