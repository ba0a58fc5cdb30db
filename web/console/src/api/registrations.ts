/** Calls about merchants that sign up by themselves. */
import { get, post } from './http'
import type {
  Event,
  Page,
  PersonalData,
  Registration,
  RegistrationApprove,
  RegistrationBegun,
  RegistrationNew,
  RegistrationReturn,
  RegistrationSeen,
  RegistrationSend,
  RegistrationState,
  RegistrationWhole,
} from './types'

const at = (id: string) => `/registrations/${encodeURIComponent(id)}`

export interface RegistrationFilter {
  state?: RegistrationState
  limit?: number
  cursor?: string | null
}

export const registrations = {
  reveal: (id: string, reason: string) => post<PersonalData>(`${at(id)}/reveal`, { reason }),
  // As anybody, by the token of a link.
  ask: (said: RegistrationNew) => post<RegistrationBegun>('/registrations', said),
  confirm: (token: string, code: string) => post<RegistrationSeen>('/registrations/confirm', { token, code }),
  look: (token: string) => post<RegistrationSeen>('/registrations/look', { token }),
  send: (said: RegistrationSend) => post<RegistrationSeen>('/registrations/send', said),
  withdraw: (token: string) => post<RegistrationSeen>('/registrations/withdraw', { token }),
  // As whoever signs merchants on.
  list: (filter: RegistrationFilter = {}) => get<Page<Registration>>('/registrations', { ...filter }),
  one: (id: string) => get<RegistrationWhole>(at(id)),
  events: (id: string) => get<Page<Event>>(`${at(id)}/events`, { limit: 200 }),
  approve: (key: string, id: string, said: RegistrationApprove) =>
    post<RegistrationWhole>(`${at(id)}/approve`, said, key),
  accept: (key: string, id: string) => post<RegistrationWhole>(`${at(id)}/accept`, {}, key),
  giveBack: (key: string, id: string, said: RegistrationReturn) =>
    post<RegistrationWhole>(`${at(id)}/return`, said, key),
  refuse: (key: string, id: string, text: string) =>
    post<RegistrationWhole>(`${at(id)}/refuse`, { text }, key),
}
