/** Calls about people and programs: accounts, invitations, custom roles, API keys, operators. */
import { get, post, put } from './http'
import type {
  Page,
  Account,
  AccountChange,
  ApiKey,
  ApiKeyIn,
  ApiKeyMade,
  ApiKeyState,
  CustomRole,
  CustomRoleAction,
  CustomRoleIn,
  Erased,
  Event,
  HalfWay,
  Invitation,
  InvitationAccept,
  InvitationSeen,
  Invited,
  Operator,
  OperatorIn,
  Person,
  PersonalData,
  PersonExport,
  RoleRights,
} from './types'

const within = encodeURIComponent

export const accounts = {
  list: (cursor?: string | null) => get<Page<Person>>('/accounts', { limit: 200, cursor }),
  change: (key: string, login: string, said: AccountChange) =>
    put<Person>(`/accounts/${within(login)}`, said, key),
  link: (login: string) => post<Invited>(`/accounts/${within(login)}/link`, {}),
  step: (key: string, login: string, verb: 'disable' | 'enable') =>
    post<Person>(`/accounts/${within(login)}/${verb}`, {}, key),
  /** Each look is one: no key repeats it. */
  reveal: (login: string, reason: string) =>
    post<PersonalData>(`/accounts/${within(login)}/reveal`, { reason }),
  export: (login: string, reason: string, cursor: string | null) =>
    post<PersonExport>(
      `/accounts/${within(login)}/export?limit=1000${cursor ? `&cursor=${within(cursor)}` : ''}`,
      { reason },
    ),
  erase: (key: string, login: string, reason: string) =>
    post<Erased>(`/accounts/${within(login)}/erase`, { reason }, key),
  events: (login: string, cursor?: string | null) =>
    get<Page<Event>>(`/accounts/${within(login)}/events`, { limit: 200, cursor }),
  clearFactors: (key: string, login: string, text: string) =>
    post<Person>(`/accounts/${within(login)}/clear-factors`, { text }, key),
}

export const roles = {
  all: () => get<Page<RoleRights>>('/roles'),
  custom: () => get<Page<CustomRole>>('/custom-roles', { limit: 200 }),
  add: (key: string, said: CustomRoleIn) => post<CustomRole>('/custom-roles', said, key),
  change: (key: string, id: string, said: CustomRoleIn) =>
    put<CustomRole>(`/custom-roles/${within(id)}`, said, key),
  step: (key: string, id: string, verb: CustomRoleAction) =>
    post<CustomRole>(`/custom-roles/${within(id)}/${verb}`, {}, key),
}

/** Keys of programs. The answer that holds one is given once, so no key repeats it. */
export const apiKeys = {
  list: (which: { state: ApiKeyState; cursor: string | null }) =>
    get<Page<ApiKey>>('/api-keys', { limit: 100, ...which }),
  make: (said: ApiKeyIn) => post<ApiKeyMade>('/api-keys', said),
  revoke: (key: string, id: string) => post<ApiKey>(`/api-keys/${within(id)}/revoke`, {}, key),
}

/** Links that make an account. The answer that holds one is given once, so no key repeats it. */
export const invitations = {
  list: () => get<Page<Invitation>>('/invitations', { state: 'open', limit: 200 }),
  make: (said: AccountChange) => post<Invited>('/invitations', said),
  withdraw: (key: string, id: string) => post<Invitation>(`/invitations/${within(id)}/withdraw`, {}, key),
  look: (token: string) => post<InvitationSeen>('/invitations/look', { token }),
  accept: (said: InvitationAccept) => post<{ account: Account } | HalfWay>('/invitations/accept', said),
}

export const operators = {
  list: (cursor?: string | null) => get<Page<Operator>>('/operators', { limit: 200, cursor }),
  add: (key: string, said: OperatorIn) => post<Operator>('/operators', said, key),
  setPassword: (key: string, id: string, password: string) =>
    post<Operator>(`/operators/${within(id)}/password`, { password }, key),
  step: (key: string, id: string, verb: 'disable' | 'enable') =>
    post<Operator>(`/operators/${within(id)}/${verb}`, {}, key),
}
