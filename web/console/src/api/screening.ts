/** Calls about the house's own rules for payments, and its models. */
import { get, post, put } from './http'
import type {
  BackTest,
  Event,
  Model,
  ModelDrift,
  Models,
  Page,
  RuleMistake,
  RuleSet,
  RuleSetRule,
  RuleSets,
} from './types'

const at = (id: string) => `/screening/rules/${encodeURIComponent(id)}`
const of = (id: string) => `/screening/models/${encodeURIComponent(id)}`
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

export const models = {
  list: () => get<Models>('/screening/models'),
  one: (id: string) => get<Model>(of(id)),
  events: (id: string) => get<Page<Event>>(`${of(id)}/events`, { limit: 200 }),
  /** Trains one, or begins a version that is an earlier one again. */
  begin: (key: string, from?: string) => post<Model>('/screening/models', { from }, key),
  compare: (id: string) => post<ModelDrift>(`${of(id)}/compare`),
  propose: (key: string, id: string, said: Seen) => post<Model>(`${of(id)}/propose`, said, key),
  signOff: (key: string, id: string, said: Seen) => post<Model>(`${of(id)}/sign-off`, said, key),
  sendBack: (key: string, id: string, note: string) => post<Model>(`${of(id)}/send-back`, { note }, key),
  withdraw: (key: string, id: string, note: string | null) =>
    post<Model>(`${of(id)}/withdraw`, { note }, key),
}
