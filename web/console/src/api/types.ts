/**
 * The shapes of `/api/v1` by the names the pages use. They come from the server's own document (`schema.d.ts`, written
 * by `cargo xtask openapi`); where it says only "a string", the words the server writes are listed here.
 *
 * Invariant: no function lives here, and no shape the document knows is written again.
 */
import type { components, operations } from './schema'

type Schemas = components['schemas']

export type Time = Schemas['Time']
export type Money = Schemas['Money']
export type Role = Schemas['Role']
export type Account = Schemas['Account']
export type HalfWay = Schemas['HalfWay']
export type ProofWay = Schemas['ProofWay']
export type Factors = Schemas['Factors']
export type Factor = Schemas['Factor']
export type Enrolled = Schemas['Enrolled']
export type TotpBegun = Schemas['TotpBegun']
export type OwnSession = Schemas['Session']
export type Shop = Schemas['Shop']
export type ShopIn = Schemas['ShopIn']
export type Merchant = Schemas['Merchant']
export type MerchantIn = Schemas['MerchantIn']
export type MerchantAction = Schemas['MerchantAction']
export type MerchantState = Schemas['MerchantState']
export type ShopAction = Schemas['ShopAction']
export type ShopState = Schemas['ShopState']
export type Person = Schemas['Person']
export type AccountAction = Schemas['AccountAction']
export type AccountChange = Schemas['AccountChange']
export type Invitation = Schemas['Invitation']
export type Invited = Schemas['Invited']
export type InvitationSeen = Schemas['InvitationSeen']
export type InvitationAccept = Schemas['InvitationAccept']
export type InvitationAction = Schemas['InvitationAction']
export type Operator = Schemas['Operator']
export type OperatorIn = Schemas['OperatorIn']
export type OperatorAction = Schemas['OperatorAction']
export type TerminalIn = Schemas['TerminalIn']
export type TerminalChange = Schemas['TerminalChange']
export type TerminalControl = Schemas['TerminalControl']
export type MasterKey = Schemas['MasterKeyIn']
export type Gate = Schemas['Gate']
export type Hotline = Schemas['Hotline']
export type Reportable = Schemas['Reportable']
export type ReportableTerminal = Schemas['ReportableTerminal']

export type Right = Schemas['Right']
export type RoleRights = Schemas['RoleRights']
export type CustomRole = Schemas['CustomRole']
export type CustomRoleIn = Schemas['CustomRoleIn']
export type CustomRoleAction = Schemas['CustomRoleAction']
export type ApiKey = Schemas['ApiKey']
export type ApiKeyIn = Schemas['ApiKeyIn']
export type ApiKeyMade = Schemas['ApiKeyMade']
export type ApiKeyState = Schemas['ApiKeyState']

export type ListAction = Schemas['ListAction']
export type Mode = Schemas['Mode']
export type SetUp = Schemas['SetUp']
export type SetUpDone = Schemas['SetUpDone']
export type Settings = Schemas['Settings']
export type SettingsChange = Schemas['SettingsChange']
export type HostTested = Schemas['HostTested']
export type HostReached = Schemas['HostReached']
export type MailTested = Schemas['MailTested']
export type MailReady = Schemas['MailReady']
export type Reached = Schemas['Reached']
export type ProviderAccount = Schemas['ProviderAccount']
export type ProviderAccountIn = Schemas['ProviderAccountIn']
export type KeyTested = Schemas['KeyTested']
export type KeyReady = Schemas['KeyReady']

export interface Page<T> {
  items: T[]
  next_cursor: string | null
  actions: ListAction[]
}

export type Work = Schemas['Work']
export type WorkKind = Schemas['WorkKind']
export type WorkState = Schemas['WorkState']
export type WorkAction = Schemas['WorkAction']
export type WorkPage = Schemas['WorkPage']
export type AuditRecord = Schemas['AuditRecord']
export type AuditFinding = Schemas['AuditFinding']
export type AuditStatus = Schemas['AuditStatus']
export type EventVerb = Schemas['EventVerb']
export type AuditWrong = Schemas['AuditWrong']

export type TerminalState = Schemas['TerminalState']
export type TerminalSummary = Schemas['TerminalSummary']
export type TerminalPage = Schemas['TerminalPage']
export type Terminal = Schemas['Terminal']
export type TerminalAction = Schemas['TerminalAction']
export type Hold = Schemas['Hold']
export type HoldKind = Schemas['HoldKind']
export type ReleasingAuthority = Schemas['ReleasingAuthority']

export type Transaction = Schemas['Transaction']
export type TransactionKind = Schemas['TransactionKind']
export type Decision = Schemas['Decision']
export type Proof = Schemas['Proof']
export type EntryMode = Schemas['EntryMode']

export type Manner = Schemas['Manner']
export type LossReport = Schemas['LossReport']
export type LossReported = Schemas['LossReported']
export type Channel = Schemas['Channel']
export type Receipt = Schemas['Receipt']
export type StopRequest = Schemas['StopRequest']
export type StopState = Schemas['StopState']
export type StopConfirmed = Schemas['StopConfirmed']
export type StopRequestAction = Schemas['StopRequestAction']
export type MailState = Schemas['MailState']
export type Provider = Schemas['Provider']
export type ProviderState = Schemas['ProviderState']
export type Reminded = Schemas['Reminded']
export type WindowBasis = Schemas['WindowBasis']
export type IncidentState = Schemas['IncidentState']
export type IncidentAction = Schemas['IncidentAction']
export type Contact = Schemas['Contact']
export type ContactIn = Schemas['ContactIn']
export type ContactKind = Schemas['ContactKind']
export type ContactState = Schemas['ContactState']
export type ContactAction = Schemas['ContactAction']
export type Event = Schemas['Event']
/** As what a list leaves. */
export type SheetFormat = NonNullable<
  NonNullable<operations['contact_export']['parameters']['query']>['format']
>
export type Import = Schemas['Import']
export type EstateImport = Schemas['EstateImport']
export type ImportAction = Schemas['ImportAction']
export type ImportLine = Schemas['ImportLine']
export type ImportOutcome = Schemas['ImportOutcome']
export type ImportState = Schemas['ImportState']
export type ImportTrouble = Schemas['ImportTrouble']
export type IncidentSummary = Schemas['IncidentSummary']
export type Activity = Schemas['Activity']

export type DutyKind =
  'police_report' | 'check_transactions' | 'acquirer_deregister' | 'exposure_assessment' | 'replacement'
export type Duty = Omit<Schemas['Duty'], 'duty' | 'whose'> & { duty: DutyKind; whose: 'shop' | 'acquirer' }
export type Incident = Omit<Schemas['Incident'], 'next'> & { next: Duty[] }

export type TimelineItem = Schemas['TimelineItem']
export type TimelineKind = TimelineItem['kind']

/** `application/problem+json`. */
export type ProblemBody = Schemas['Problem']
