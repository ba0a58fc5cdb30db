/** What is said in a report, as a form has it. */
import type {
  SuspiciousReport,
  SuspiciousReportDecision,
  SuspiciousReportGround,
  SuspiciousReportSaid,
} from '@/api'

export const GROUNDS: SuspiciousReportGround[] = [
  'identity',
  'behaviour',
  'source',
  'amount',
  'frequency',
  'destination',
  'nature',
]

export interface Written {
  grounds: SuspiciousReportGround[]
  is_grave: boolean
  persons: string
  facts: string
  analysis: string
  payments: string
  decision: SuspiciousReportDecision | null
  decision_text: string
}

export const nothing = (): Written => ({
  grounds: [],
  is_grave: false,
  persons: '',
  facts: '',
  analysis: '',
  payments: '',
  decision: null,
  decision_text: '',
})

export const written = (report: SuspiciousReport): Written => ({
  grounds: [...report.grounds],
  is_grave: report.is_grave,
  persons: report.persons ?? '',
  facts: report.facts ?? '',
  analysis: report.analysis ?? '',
  payments: report.payments.map((one) => one.id).join('\n'),
  decision: report.decision,
  decision_text: report.decision_text ?? '',
})

export const said = (form: Written): SuspiciousReportSaid => ({
  grounds: form.grounds,
  is_grave: form.is_grave,
  persons: form.persons,
  facts: form.facts,
  analysis: form.analysis,
  payments: form.payments.split(/[\s,，、]+/).filter(Boolean),
  decision: form.decision ?? undefined,
  decision_text: form.decision_text,
})
