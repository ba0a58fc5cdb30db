/**
 * Files of transactions that a shop downloaded, and the payments around a loss as they say them.
 *
 * Invariant: no page builds a path of its own.
 */
import { form, get, post } from './http'
import type { IncidentPayments, Page, Statement, StatementPreview } from './types'

/** What a file does not say by itself. */
export interface Unsaid {
  currency?: string
  zone?: string
  /** As JSON. */
  mapping?: string
}

function filled(terminal: string, preview: boolean, file: File, unsaid: Unsaid): FormData {
  const fields = new FormData()
  fields.set('terminal_id', terminal)
  fields.set('preview', String(preview))
  for (const [name, value] of Object.entries(unsaid)) if (value) fields.set(name, value)
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
