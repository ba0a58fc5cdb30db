/**
 * The payments of a loss that are to be checked, the most outstanding first, and what people say of them.
 *
 * Invariant: no page builds a path of its own.
 */
import { file, get, post } from './http'
import type { IncidentMoney, Mark, Marked, MarkIn, SheetFormat, Suspects } from './types'

export type SuspectOrder = 'score' | 'time'
export type MarkFilter = 'all' | 'none' | Mark

export interface SuspectFilter {
  limit?: number
  cursor?: string | null
  order?: SuspectOrder
  mark?: MarkFilter
}

const of = (incident: string) => `/incidents/${encodeURIComponent(incident)}/suspects`

export const suspects = {
  list: (incident: string, filter: SuspectFilter = {}) => get<Suspects>(of(incident), { ...filter }),
  money: (incident: string) => get<IncidentMoney>(`/incidents/${encodeURIComponent(incident)}/money`),
  mark: (key: string, said: MarkIn) => post<Marked>('/marks', said, key),
  export: (incident: string, format: SheetFormat) => file(`${of(incident)}/export`, { format }),
}
