/**
 * Reports of suspicious transactions, for the few who are told that there are any.
 *
 * Invariant: no page builds a path of its own; nothing of one is remembered in the browser.
 */
import { file, get, post, put } from './http'
import type {
  Event,
  Page,
  SuspiciousReport,
  SuspiciousReportFile,
  SuspiciousReportIn,
  SuspiciousReportLine,
  SuspiciousReportSaid,
  SuspiciousReportState,
} from './types'

const REPORTS = '/suspicious-reports'
const of = (id: string) => `${REPORTS}/${encodeURIComponent(id)}`

export interface SuspiciousReportsOf {
  state?: SuspiciousReportState
  incident_id?: string
  limit?: number
  cursor?: string | null
}

export const suspiciousReports = {
  list: (which: SuspiciousReportsOf) => get<Page<SuspiciousReportLine>>(REPORTS, { ...which }),
  one: (id: string) => get<SuspiciousReport>(of(id)),
  events: (id: string) => get<Page<Event>>(`${of(id)}/events`, { limit: 200 }),
  begin: (key: string, said: SuspiciousReportIn) => post<SuspiciousReportLine>(REPORTS, said, key),
  write: (key: string, id: string, version: number, said: SuspiciousReportSaid) =>
    put<SuspiciousReportLine>(of(id), { version, said }, key),
  propose: (key: string, id: string, version: number) =>
    post<SuspiciousReportLine>(`${of(id)}/propose`, { version }, key),
  sendBack: (key: string, id: string, text: string) =>
    post<SuspiciousReportLine>(`${of(id)}/send-back`, { text }, key),
  decide: (key: string, id: string, version: number, isReported: boolean) =>
    post<SuspiciousReportLine>(
      `${of(id)}/${isReported ? 'confirm-report' : 'confirm-no-report'}`,
      { version },
      key,
    ),
  file: (key: string, id: string, said: SuspiciousReportFile) =>
    post<SuspiciousReportLine>(`${of(id)}/file`, said, key),
  pdf: (id: string, language: 'zh' | 'en') => file(`${of(id)}/document.pdf`, { language }),
  json: (id: string) => file(`${of(id)}/document.json`),
}
