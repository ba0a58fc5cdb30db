/**
 * Every call the console makes, one function each, named after what it does.
 *
 * Invariant: no page builds a path of its own.
 */
import { address, file, get, made, post, put, remove, send } from './http'
import type {
  Activity,
  Contact,
  ContactIn,
  ContactKind,
  ContactState,
  Decision,
  EstateImport,
  DocumentKind,
  Documents,
  Duty,
  DutyMoment,
  Event,
  Gate,
  Hotline,
  Import,
  ImportAction,
  ImportLine,
  ImportOutcome,
  Incident,
  IncidentState,
  IncidentSummary,
  LossReport,
  LossReported,
  FoundAs,
  Manner,
  PackFor,
  Page,
  SheetFormat,
  Reportable,
  SetUp,
  SetUpDone,
  Settings,
  SettingsChange,
  HostTested,
  MailTested,
  KeyTested,
  Provider,
  ProviderAccount,
  ProviderAccountIn,
  Shop,
  StopConfirmed,
  Terminal,
  TerminalPage,
  TerminalState,
  TimelineItem,
  Transaction,
  Work,
  WorkAction,
  WorkKind,
  WorkPage,
  WorkState,
  MasterKey,
  ShopAction,
  ShopIn,
  ShopState,
  Merchant,
  MerchantAction,
  MerchantIn,
  MerchantState,
  TerminalChange,
  TerminalIn,
} from './types'

export * from './duties'
export * from './letters'
export * from './own'
export * from './case'
export * from './people'
export { registrations } from './registrations'
export { inspections } from './inspections'
export { photos } from './photos'
export { replacements } from './replacements'
export { playbooks } from './playbooks'
export * from './types'
export { audit } from './audit'
export { Problem, asProblem } from './http'
export { newKey } from './key'
export { statements } from './statements'
export * from './hours'
export * from './common_points'
export * from './questions'
export * from './recorded'
export * from './settlementHolds'
export * from './suspects'

const within = encodeURIComponent

/** The first run, once. It needs no key: a second time is refused. */
export const setUp = (said: SetUp) => post<SetUpDone>('/setup', said)

export interface MerchantFilter {
  q?: string
  state?: MerchantState
  limit?: number
  cursor?: string | null
}

export const merchant = {
  list: (filter: MerchantFilter = {}) => get<Page<Merchant>>('/merchants', { ...filter }),
  one: (id: string) => get<Merchant>(`/merchants/${within(id)}`),
  events: (id: string) => get<Page<Event>>(`/merchants/${within(id)}/events`, { limit: 200 }),
  add: (key: string, said: MerchantIn) => post<Merchant>('/merchants', said, key),
  change: (key: string, id: string, said: MerchantIn) => put<Merchant>(`/merchants/${within(id)}`, said, key),
  step: (key: string, id: string, verb: MerchantAction) =>
    post<Merchant>(`/merchants/${within(id)}/${verb}`, {}, key),
}

export interface ShopFilter {
  q?: string
  state?: ShopState
  merchant_id?: string
  limit?: number
  cursor?: string | null
}

export const shop = {
  list: (filter: ShopFilter = {}) => get<Page<Shop>>('/shops', { ...filter }),
  one: (id: string) => get<Shop>(`/shops/${within(id)}`),
  add: (key: string, said: ShopIn) => post<Shop>('/shops', said, key),
  change: (key: string, id: string, said: ShopIn) => put<Shop>(`/shops/${within(id)}`, said, key),
  step: (key: string, id: string, verb: ShopAction) => post<Shop>(`/shops/${within(id)}/${verb}`, {}, key),
}

/** The shops, with what they took today. */
export const shops = () => get<Page<Shop>>('/shops', { takings: 'true', limit: 500 })

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
  add: (key: string, said: TerminalIn) => post<Terminal>('/terminals', said, key),
  change: (key: string, id: string, said: TerminalChange) =>
    put<Terminal>(`/terminals/${within(id)}`, said, key),
  move: (key: string, id: string, shop_id: string) =>
    post<Terminal>(`/terminals/${within(id)}/move`, { shop_id }, key),
  setKey: (key: string, id: string, said: MasterKey) =>
    post<Terminal>(`/terminals/${within(id)}/master-key`, said, key),
  step: (key: string, id: string, verb: 'retire' | 'restore') =>
    post<Terminal>(`/terminals/${within(id)}/${verb}`, {}, key),
  /** The list of devices that PCI DSS 9.5.1.1 asks for, as a spreadsheet. */
  devices: address('/terminals/export', { format: 'xlsx' }),
  lock: (key: string, id: string, operator?: string) =>
    post<Terminal>(`/terminals/${within(id)}/lock`, operator ? { operator } : {}, key),
  unlock: (key: string, id: string, operator: string, password: string) =>
    post<Terminal>(`/terminals/${within(id)}/unlock`, { operator, password }, key),
}

export interface TransactionFilter {
  terminal_id?: string
  from?: string
  to?: string
  decision?: Decision
  limit?: number
  cursor?: string | null
}

export const transactions = (filter: TransactionFilter) =>
  get<Page<Transaction>>('/transactions', { ...filter })

export interface IncidentFilter {
  q?: string
  state?: IncidentState
  terminal_id?: string
  limit?: number
  cursor?: string | null
}

export const incidents = {
  report: (report: LossReport, key: string) => post<LossReported>('/incidents', report, key),
  /** What a report would do; nothing of it is kept. */
  practise: (key: string, report: LossReport) => post<Incident>('/drills', report, key),
  list: (filter: IncidentFilter = {}) => get<Page<IncidentSummary>>('/incidents', { ...filter }),
  one: (id: string) => get<Incident>(`/incidents/${within(id)}`),
  timeline: (id: string, after: number, limit = 200) =>
    get<Page<TimelineItem>>(`/incidents/${within(id)}/timeline`, { after, limit }),
  events: (id: string, after: number) => address(`/incidents/${within(id)}/events`, { after }),
  activity: (id: string, bucket_minutes: number, from?: string, to?: string) =>
    get<Activity>(`/incidents/${within(id)}/activity`, { bucket_minutes, from, to }),
  documents: (id: string) => get<Documents>(`/incidents/${within(id)}/documents`),
  document: (id: string, kind: DocumentKind, language: 'zh' | 'en') =>
    file(`/incidents/${within(id)}/documents/${kind}.pdf`, { language }),
  claimTable: (id: string, language: 'zh' | 'en') =>
    file(`/incidents/${within(id)}/documents/claim_report.csv`, { language }),
  pack: (id: string, audience: PackFor, progress: (come: number, of: number) => void) =>
    made(`/incidents/${within(id)}/pack`, { for: audience }, progress),
  acknowledge: (key: string, id: string) =>
    post<Incident>(`/incidents/${within(id)}/alarm/acknowledge`, {}, key),
  proposeFound: (key: string, id: string, kind: FoundAs, statement: string) =>
    post<Incident>(`/incidents/${within(id)}/found`, { kind, statement }, key),
  confirmFound: (key: string, id: string) =>
    post<Incident>(`/incidents/${within(id)}/found/confirm`, {}, key),
  confirmStop: (key: string, id: string, said: StopConfirmed) =>
    post<Incident>(`/incidents/${within(id)}/stop-request/confirm`, said, key),
  close: (key: string, id: string, statement: string) =>
    post<Incident>(`/incidents/${within(id)}/close`, { statement }, key),
  reopen: (key: string, id: string, ground: string) =>
    post<Incident>(`/incidents/${within(id)}/reopen`, { ground }, key),
  sayMoment: (key: string, id: string, moment: DutyMoment, at: string) =>
    post<Incident>(`/incidents/${within(id)}/moments`, { moment, at }, key),
  duties: (id: string) => get<{ items: Duty[] }>(`/incidents/${within(id)}/duties`),
  sendLetter: (key: string, id: string) =>
    post<Incident>(`/incidents/${within(id)}/stop-request/send`, {}, key),
}

/** Reporting without a log-in, by a code that comes by mail. The code is the key: the same report again is the same. */
export const emergency = {
  ask: (contact: string) => post<{ minutes: number }>('/emergency-report', { contact }),
  terminals: (code: string) => post<Reportable>('/emergency-report/terminals', { code }),
  report: (code: string, terminal_id: string, manner?: Manner) =>
    post<LossReported>('/emergency-report', { code, terminal_id, manner }),
}

export const hotline = () => get<Hotline>('/hotline')

export interface ContactFilter {
  q?: string
  kind?: ContactKind
  state?: ContactState
  limit?: number
  cursor?: string | null
}

export const contacts = {
  list: (filter: ContactFilter = {}) => get<Page<Contact>>('/contacts', { ...filter }),
  one: (id: string) => get<Contact>(`/contacts/${within(id)}`),
  events: (id: string) => get<Page<Event>>(`/contacts/${within(id)}/events`, { limit: 200 }),
  add: (key: string, said: ContactIn) => post<Contact>('/contacts', said, key),
  change: (key: string, id: string, said: ContactIn) => put<Contact>(`/contacts/${within(id)}`, said, key),
  step: (key: string, id: string, verb: 'retire' | 'restore') =>
    post<Contact>(`/contacts/${within(id)}/${verb}`, {}, key),
  erase: (key: string, id: string, reason: string) =>
    post<Contact>(`/contacts/${within(id)}/erase`, { reason }, key),
  export: (format: SheetFormat) => file('/contacts/export', { format }),
  import: (text: string, dry_run: boolean) => post<Import>('/contacts/import', { text, dry_run }),
}

export const imports = {
  list: (cursor?: string | null) => get<Page<EstateImport>>('/imports', { limit: 20, cursor }),
  one: (id: string) => get<EstateImport>(`/imports/${within(id)}`),
  bring: (name: string, table: Blob) => send<EstateImport>('/imports', { name }, table),
  step: (key: string, id: string, verb: ImportAction) =>
    post<EstateImport>(`/imports/${within(id)}/${verb}`, {}, key),
  lines: (id: string, outcome: ImportOutcome | null, limit: number, cursor?: string | null) =>
    get<Page<ImportLine>>(`/imports/${within(id)}/lines`, { outcome, limit, cursor }),
  wrong: (id: string, format: SheetFormat) => file(`/imports/${within(id)}/wrong`, { format }),
  template: (format: SheetFormat) => file('/imports/template', { format }),
}

export interface WorkFilter {
  kind?: WorkKind
  state?: WorkState
  limit?: number
  cursor?: string | null
}

const STEPS: Record<WorkAction, string> = { retry: 'retry', give_up: 'give-up' }

export const work = {
  list: (filter: WorkFilter = {}) => get<WorkPage>('/work', { ...filter }),
  take: (key: string, id: string, verb: WorkAction, text: string) =>
    post<Work>(`/work/${within(id)}/${STEPS[verb]}`, text ? { text } : {}, key),
}

export const settings = {
  all: () => get<Settings>('/settings'),
  change: (said: SettingsChange) => put<Settings>('/settings', said),
  testHost: (host_address?: string) => post<HostTested>('/settings/host/test', { host_address }),
  testMail: (smtp_url?: string) => post<MailTested>('/settings/mail/test', { smtp_url }),
}

const account = (merchant: string, provider: Provider) => `/provider-accounts/${within(merchant)}/${provider}`

export const providers = {
  list: () => get<Page<ProviderAccount>>('/provider-accounts'),
  keep: (merchant: string, provider: Provider, said: ProviderAccountIn) =>
    put<ProviderAccount>(account(merchant, provider), said),
  test: (merchant: string, provider: Provider, said?: ProviderAccountIn) =>
    post<KeyTested>(`${account(merchant, provider)}/test`, said ? { account: said } : {}),
  forget: (merchant: string, provider: Provider) => remove(account(merchant, provider)),
}

export const gate = () => get<Gate>('/gate')
