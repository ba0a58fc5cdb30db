/** Calls about playbooks: what must follow a loss, as this house has it. */
import { get, post, put } from './http'
import type { Event, Page, Playbook, PlaybookChecked, PlaybookForm, Playbooks } from './types'

const at = (id: string) => `/playbooks/${encodeURIComponent(id)}`

/** A text, or the same as a form. */
export type PlaybookSaid = { text: string } | { form: PlaybookForm }

export const playbooks = {
  list: () => get<Playbooks>('/playbooks'),
  one: (id: string) => get<Playbook>(at(id)),
  events: (id: string) => get<Page<Event>>(`${at(id)}/events`, { limit: 200 }),
  begin: (key: string, playbook: string, from?: string) =>
    post<Playbook>('/playbooks', { playbook, from }, key),
  /** Nothing is kept, so no key repeats it. */
  check: (said: PlaybookSaid, playbook: string, version: number) =>
    post<PlaybookChecked>('/playbooks/check', { ...said, playbook, version }),
  change: (key: string, id: string, sha256: string, said: PlaybookSaid) =>
    put<Playbook>(at(id), { ...said, sha256 }, key),
  propose: (key: string, id: string, sha256: string, note?: string) =>
    post<Playbook>(`${at(id)}/propose`, { sha256, note }, key),
  sendBack: (key: string, id: string, note: string) => post<Playbook>(`${at(id)}/send-back`, { note }, key),
  signOff: (key: string, id: string, said: { sha256: string; warnings: string[]; note?: string }) =>
    post<Playbook>(`${at(id)}/sign-off`, said, key),
  withdraw: (key: string, id: string, note?: string) => post<Playbook>(`${at(id)}/withdraw`, { note }, key),
}
