/** Calls about the house's own rules for payments. */
import { get, post, put } from './http'
import type { BackTest, Event, Page, RuleMistake, RuleSet, RuleSetRule, RuleSets } from './types'

const at = (id: string) => `/screening/rules/${encodeURIComponent(id)}`
type Seen = { sha256: string; note: string | null }

export const ruleSets = {
  list: () => get<RuleSets>('/screening/rules'),
  one: (id: string) => get<RuleSet>(at(id)),
  events: (id: string) => get<Page<Event>>(`${at(id)}/events`, { limit: 200 }),
  begin: (key: string, from?: string) => post<RuleSet>('/screening/rules', { from }, key),
  /** Nothing is kept, so no key repeats it. */
  check: (rules: RuleSetRule[]) => post<{ wrong: RuleMistake[] }>('/screening/rules/check', { rules }),
  backTest: (rules: RuleSetRule[], days: number) =>
    post<BackTest>('/screening/rules/back-test', { rules, days }),
  change: (key: string, id: string, sha256: string, rules: RuleSetRule[]) =>
    put<RuleSet>(at(id), { sha256, rules }, key),
  propose: (key: string, id: string, said: Seen) => post<RuleSet>(`${at(id)}/propose`, said, key),
  signOff: (key: string, id: string, said: Seen) => post<RuleSet>(`${at(id)}/sign-off`, said, key),
  sendBack: (key: string, id: string, note: string) => post<RuleSet>(`${at(id)}/send-back`, { note }, key),
  withdraw: (key: string, id: string, note: string | null) =>
    post<RuleSet>(`${at(id)}/withdraw`, { note }, key),
}
