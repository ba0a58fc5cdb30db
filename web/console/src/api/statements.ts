/**
 * Files of transactions that a shop downloaded, and the payments around a loss as they say them.
 *
 * Invariant: no page builds a path of its own.
 */
import { form, get, post } from './http'
import type { IncidentPayments, Page, Statement, StatementPreview } from './types'

export type MappingColumn =
  | 'at'
  | 'day'
  | 'amount'
  | 'type'
  | 'state'
  | 'method'
  | 'terminal'
  | 'order_id'
  | 'id'
  | 'card'
  | 'payer'
  | 'operator'
export type MappingWords = Record<string, string>

/** How a file is read whose layout is not public: `docs/STATEMENTS.md`. */
export interface Mapping {
  name: string
  header_row?: number
  encoding?: string
  currency?: string
  zone?: string
  unit?: 'major' | 'minor'
  day_first?: boolean
  columns: { at: string; amount: string } & { [Column in MappingColumn]?: string }
  types?: MappingWords
  states?: MappingWords
  methods?: MappingWords
}

/** What a file does not say by itself. */
export interface Unsaid {
  currency?: string
  zone?: string
  mapping?: Mapping | null
  /** Where its headings are, to look at it. */
  header_row?: number
}

function filled(terminal: string, preview: boolean, file: File, unsaid: Unsaid): FormData {
  const fields = new FormData()
  fields.set('terminal_id', terminal)
  fields.set('preview', String(preview))
  const { mapping, ...others } = unsaid
  if (mapping) fields.set('mapping', JSON.stringify(mapping))
  for (const [name, value] of Object.entries(others)) if (value) fields.set(name, String(value))
  fields.set('file', file)
  return fields
}

export const statements = {
  /** For the terminal, or for all of its shop. */
  list: (terminal_id: string) => get<Page<Statement>>('/statements', { terminal_id, limit: 100 }),
  look: (terminal: string, file: File, unsaid: Unsaid) =>
    form<StatementPreview>('/statements', filled(terminal, true, file, unsaid)),
  keep: (terminal: string, file: File, unsaid: Unsaid) =>
    form<Statement>('/statements', filled(terminal, false, file, unsaid)),
  withdraw: (key: string, id: string, ground: string) =>
    post<Statement>(`/statements/${encodeURIComponent(id)}/withdraw`, { ground }, key),
  payments: (incident: string, cursor: string | null) =>
    get<IncidentPayments>(`/incidents/${encodeURIComponent(incident)}/payments`, { limit: 50, cursor }),
}
