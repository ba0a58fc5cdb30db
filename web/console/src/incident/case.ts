/**
 * One incident as its page holds it, shared with the cards of the page.
 *
 * Invariant: the cards read; only `accept` (a server's answer) and `reload` change the incident.
 */
import { inject, provide, type ComputedRef, type InjectionKey, type Ref } from 'vue'
import type { Activity, Incident, Page, Transaction } from '@/api'
import type { Loaded } from '@/loaded'
import type { Live } from './live'

export interface Case {
  incident: ComputedRef<Incident>
  live: Live
  around: Loaded<Page<Transaction>>
  activity: Loaded<Activity>
  wide: Ref<boolean>
  accept: (incident: Incident) => void
  print: (what: 'request' | 'all') => void
  /** Opens the written request and brings it into view. */
  showRequest: () => void
}

const key: InjectionKey<Case> = Symbol('case')

export const provideCase = (open: Case) => provide(key, open)

export function useCase(): Case {
  const open = inject(key)
  if (!open) throw new Error('a card of the incident page stands outside of it')
  return open
}
