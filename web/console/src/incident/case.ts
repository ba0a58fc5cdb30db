/**
 * One incident as its page holds it, shared with the cards of the page.
 *
 * Invariant: the cards read; only `accept` (a server's answer) and the live stream change the incident.
 */
import { inject, provide, type ComputedRef, type InjectionKey, type Ref } from 'vue'
import type { Activity, Attachments, Duty, Incident, Letters, PoliceCase, Suspects } from '@/api'
import type { Zone } from '@/format/zone'
import type { Loaded } from '@/loaded'
import type { Around } from './around'
import type { Live } from './live'

/** The parts of the page that fold away on a shop's page. */
const PARTS = [
  'attempts',
  'chart',
  'transactions',
  'payments',
  'request',
  'timeline',
  'files',
  'pack',
  'report',
  'receipts',
  'found',
  'say',
  'ended',
  'police',
  'letters',
  'settlement',
  'recorded',
  'suspicious',
  'close',
  'replacement',
] as const
export type Part = (typeof PARTS)[number]

/** The part that an address names behind its #. */
export const partOf = (hash: string): Part | undefined => PARTS.find((part) => `#${part}` === hash)

export interface Case {
  incident: ComputedRef<Incident>
  /** When the terminal was let run again; null while it is stopped. */
  released_at: ComputedRef<string | null>
  live: Live
  around: Around
  activity: Loaded<Activity>
  /** The reader is at the acquirer's desk: everything lies open. */
  desk: ComputedRef<boolean>
  /** An acquirer outside decides: the stop is asked for. */
  outside: ComputedRef<boolean>
  zone: ComputedRef<Zone>
  opened: Ref<Set<Part>>
  /** Opens a part and brings it into view. */
  show: (part: Part) => void
  accept: (incident: Incident) => void
  /** What had to follow, all of it. */
  duties: Loaded<{ items: Duty[] }>
  /** The case at the police. */
  police: Loaded<PoliceCase>
  /** Its letters to banks and institutions. */
  letters: Loaded<Letters>
  /** Its files. */
  files: Loaded<Attachments>
  /** How many payments are to be checked; read by who shows it. */
  suspects: Loaded<Suspects>
  /** Asks the server anew. */
  again: () => Promise<unknown>
  print: (what: 'request' | 'all') => Promise<void>
}

const key: InjectionKey<Case> = Symbol('case')

export const provideCase = (open: Case) => provide(key, open)

export function useCase(): Case {
  const open = inject(key)
  if (!open) throw new Error('a card of the incident page stands outside of it')
  return open
}
