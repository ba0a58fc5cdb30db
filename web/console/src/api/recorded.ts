/**
 * What a held terminal tried to turn back, and what people of the house decide about it.
 *
 * Invariant: no page builds a path of its own.
 */
import { get, post } from './http'
import type { Page, Recorded, RecordedConfirmation, RecordedProposal, RecordedWhich } from './types'

const of = (incident: string) => `/incidents/${encodeURIComponent(incident)}/recorded`

export const recorded = {
  list: (incident: string, which: RecordedWhich | null, limit: number, cursor: string | null) =>
    get<Page<Recorded>>(of(incident), { which: which ?? undefined, limit, cursor: cursor ?? undefined }),
  propose: (key: string, incident: string, sequence: number, said: RecordedProposal) =>
    post<Recorded>(`${of(incident)}/${sequence}/propose`, said, key),
  confirm: (key: string, incident: string, sequence: number, seen: RecordedConfirmation) =>
    post<Recorded>(`${of(incident)}/${sequence}/confirm`, seen, key),
  withdraw: (key: string, incident: string, sequence: number) =>
    post<Recorded>(`${of(incident)}/${sequence}/withdraw`, {}, key),
  refuse: (key: string, incident: string, sequence: number, text: string) =>
    post<Recorded>(`${of(incident)}/${sequence}/refuse`, { text }, key),
}
