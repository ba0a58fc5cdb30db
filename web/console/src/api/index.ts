/**
 * Every call the console makes, one function each, named after what it does.
 *
 * Invariant: no page builds a path of its own.
 */
import { address, get, post, remove } from './http'
import type {
  Account,
  Activity,
  Decision,
  Gate,
  Incident,
  IncidentState,
  IncidentSummary,
  LossReport,
  LossReported,
  Page,
  Shops,
  Terminal,
  TerminalPage,
  TerminalState,
  TimelineItem,
  Transaction,
} from './types'

export * from './types'
export { Problem, asProblem, newKey } from './http'

const within = encodeURIComponent

export const session = {
  open: (login: string, password: string) => post<{ token: string; account: Account }>('/session', { login, password }),
  current: () => get<Account>('/session'),
  close: () => remove('/session'),
}

export const shops = () => get<Shops>('/shops')

export interface TerminalFilter {
  q?: string
  state?: TerminalState
  merchant_id?: string
  shop_id?: string
  limit?: number
  cursor?: string | null
}

export const terminals = {
  list: (filter: TerminalFilter = {}) => get<TerminalPage>('/terminals', { ...filter }),
  one: (id: string) => get<Terminal>(`/terminals/${within(id)}`),
  lock: (id: string, operator?: string) =>
    post<Terminal>(`/terminals/${within(id)}/lock`, operator ? { operator } : {}),
  unlock: (id: string, operator: string, password: string) =>
    post<Terminal>(`/terminals/${within(id)}/unlock`, { operator, password }),
}

export interface TransactionFilter {
  terminal_id?: string
  from?: string
  to?: string
  decision?: Decision
  limit?: number
  cursor?: string | null
}

export const transactions = (filter: TransactionFilter) => get<Page<Transaction>>('/transactions', { ...filter })

export interface IncidentFilter {
  state?: IncidentState
  terminal_id?: string
  limit?: number
  cursor?: string | null
}

export const incidents = {
  report: (report: LossReport, key: string) => post<LossReported>('/incidents', report, key),
  list: (filter: IncidentFilter = {}) => get<Page<IncidentSummary>>('/incidents', { ...filter }),
  one: (id: string) => get<Incident>(`/incidents/${within(id)}`),
  timeline: (id: string, after: number, limit = 200) =>
    get<Page<TimelineItem>>(`/incidents/${within(id)}/timeline`, { after, limit }),
  events: (id: string) => address(`/incidents/${within(id)}/events`),
  activity: (id: string, bucket_minutes: number, from?: string, to?: string) =>
    get<Activity>(`/incidents/${within(id)}/activity`, { bucket_minutes, from, to }),
  acknowledge: (id: string) => post<Incident>(`/incidents/${within(id)}/alarm/acknowledge`),
  proposeFound: (id: string, statement: string) => post<Incident>(`/incidents/${within(id)}/found`, { statement }),
  confirmFound: (id: string) => post<Incident>(`/incidents/${within(id)}/found/confirm`),
}

export const gate = () => get<Gate>('/gate')
