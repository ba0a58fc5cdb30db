/**
 * Holds on settlement: what stands, and what people of the house decide.
 *
 * Invariant: no page builds a path of its own.
 */
import { get, post } from './http'
import type {
  Page,
  SettlementHold,
  SettlementHoldIn,
  SettlementHoldProposed,
  SettlementHoldShown,
  SettlementHoldState,
} from './types'

const HOLDS = '/settlement-holds'
const of = (id: string) => `${HOLDS}/${encodeURIComponent(id)}`

export interface SettlementHoldsOf {
  state?: SettlementHoldState
  terminal_id?: string
  merchant_id?: string
  limit?: number
}

export const settlementHolds = {
  list: (which: SettlementHoldsOf) => get<Page<SettlementHold>>(HOLDS, { ...which }),
  one: (id: string) => get<SettlementHoldShown>(of(id)),
  propose: (key: string, said: SettlementHoldIn) => post<SettlementHoldShown>(HOLDS, said, key),
  confirm: (key: string, id: string, proposed: SettlementHoldProposed) =>
    post<SettlementHoldShown>(`${of(id)}/confirm`, { proposed }, key),
  release: (key: string, id: string, ground: string) =>
    post<SettlementHoldShown>(`${of(id)}/release`, { ground }, key),
  withdraw: (key: string, id: string, ground?: string) =>
    post<SettlementHoldShown>(`${of(id)}/withdraw`, { ground }, key),
}
