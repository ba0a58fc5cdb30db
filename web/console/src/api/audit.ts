/** The audit log: who did what, and the proofs of it. */
import { file, get, post, text } from './http'
import type { AuditFinding, AuditRecord, AuditStatus, Page, SheetFormat } from './types'

export interface AuditFilter {
  subject?: string
  subject_id?: string
  actor?: string
  from?: string
  to?: string
  limit?: number
  cursor?: string | null
}

export const audit = {
  status: () => get<AuditStatus>('/audit/status'),
  acknowledge: (key: string, found: AuditFinding, reason: string) => {
    const { what, subject, subject_id, sequence, found_at } = found
    const said = { what, subject, subject_id, sequence, found_at, reason }
    return post<AuditStatus>('/audit/findings/acknowledge', said, key)
  },
  key: () => text('/audit/key'),
  list: (filter: AuditFilter = {}) => get<Page<AuditRecord>>('/audit/records', { ...filter }),
  one: (index: string) => get<AuditRecord>(`/audit/records/${encodeURIComponent(index)}`),
  proof: (index: string) => text(`/audit/proof/${encodeURIComponent(index)}`),
  export: (filter: AuditFilter, format: SheetFormat) => file('/audit/records/export', { ...filter, format }),
}
