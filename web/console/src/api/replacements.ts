/** Calls about the terminal that takes a lost one's place. */
import { get, post } from './http'
import type { ChecklistAnswer, DevicePicked, Replacement, Replacements } from './types'

const at = (id: string) => `/replacements/${encodeURIComponent(id)}`

/** Step by step. */
export const replacements = {
  list: (incident: string) => get<Replacements>(`/incidents/${encodeURIComponent(incident)}/replacements`),
  begin: (key: string, incident: string, is_loaner: boolean) =>
    post<Replacement>(`/incidents/${encodeURIComponent(incident)}/replacements`, { is_loaner }, key),
  pick: (key: string, id: string, device: DevicePicked) => post<Replacement>(`${at(id)}/device`, device, key),
  accept: (key: string, id: string, ground: string) =>
    post<Replacement>(`${at(id)}/warnings/accept`, { ground }, key),
  bind: (key: string, id: string, said: { terminal_id: string; name?: string }) =>
    post<Replacement>(`${at(id)}/binding`, said, key),
  endOldKeys: (key: string, id: string, confirmation?: { reference: string; by: string; at: string }) =>
    post<Replacement>(`${at(id)}/old-keys`, { confirmation }, key),
  checkKeys: (key: string, id: string, said: { check_value?: string; statement?: string }) =>
    post<Replacement>(`${at(id)}/keys`, said, key),
  beginTest: (key: string, id: string) => post<Replacement>(`${at(id)}/test`, {}, key),
  passTest: (key: string, id: string, receipt?: { number: string }) =>
    post<Replacement>(`${at(id)}/test/pass`, { receipt }, key),
  sign: (key: string, id: string, answers: ChecklistAnswer[]) =>
    post<Replacement>(`${at(id)}/checklist`, { answers }, key),
  live: (key: string, id: string) => post<Replacement>(`${at(id)}/live`, {}, key),
  withdraw: (key: string, id: string, ground: string) =>
    post<Replacement>(`${at(id)}/withdraw`, { ground }, key),
  giveBack: (key: string, id: string, ground: string) =>
    post<Replacement>(`${at(id)}/return`, { ground }, key),
}
