/**
 * When a shop is open, and who works there.
 *
 * Invariant: no page builds a path of its own.
 */
import { get, put } from './http'
import type { Operator, OpeningHours, OpeningHoursIn, Page, Roster, Rosters, RosterShift } from './types'

const of = (id: string) => `/shops/${encodeURIComponent(id)}`

export const hours = {
  of: (id: string) => get<OpeningHours>(`${of(id)}/hours`),
  say: (key: string, id: string, said: OpeningHoursIn) => put<OpeningHours>(`${of(id)}/hours`, said, key),
}

export const rosters = {
  from: (id: string, from: string, days: number) => get<Rosters>(`${of(id)}/rosters`, { from, days }),
  enter: (key: string, id: string, date: string, shifts: RosterShift[] | null) =>
    put<Roster | null>(`${of(id)}/rosters/${date}`, { shifts }, key),
  operators: (id: string) => get<Page<Operator>>('/operators', { shop_id: id, limit: 1000 }),
}
