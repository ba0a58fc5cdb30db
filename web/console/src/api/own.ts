/** Calls about oneself: the log-in, what one proves by, where one is signed in. */
import { get, post, put, remove } from './http'
import type {
  Account,
  Enrolled,
  Factors,
  HalfWay,
  OwnSession,
  PersonExport,
  ProofWay,
  Reached,
  TotpBegun,
} from './types'

const within = encodeURIComponent

/** What somebody shows to prove who it is: exactly one of these. */
export type Shown = { password: string } | { code: string } | { recovery_code: string } | { passkey: object }

type LoggedIn = { token: string; account: Account }
type PasskeyAsked = { options: object }

export const session = {
  open: (login: string, password: string) => post<LoggedIn | HalfWay>('/session', { login, password }),
  finish: (factor_token: string, shown: Shown) =>
    post<LoggedIn>('/session/factor', { factor_token, ...shown }),
  askPasskeyToFinish: (factor_token: string) =>
    post<PasskeyAsked>('/session/factor/passkey', { factor_token }),
  ways: () => get<{ is_fresh: boolean; ways: ProofWay[] }>('/session/proof'),
  prove: (shown: Shown) => post<void>('/session/proof', shown),
  askPasskeyToProve: () => post<PasskeyAsked>('/session/proof/passkey'),
  changePassword: (current: string, wanted: string) =>
    put<void>('/session/password', { current, new: wanted }),
  current: () => get<Account>('/session'),
  reached: () => get<Reached>('/session/email'),
  reach: (key: string, said: Reached) => put<Reached>('/session/email', said, key),
  export: (cursor: string | null) => get<PersonExport>('/session/export', { limit: 1000, cursor }),
  close: () => remove('/session'),
}

/** One's own sessions. */
export const sessions = {
  list: () => get<{ items: OwnSession[] }>('/sessions'),
  end: (id: string) => remove(`/sessions/${within(id)}`),
  endOthers: () => post<void>('/sessions/end-others'),
}

/** One's own second factors. */
export const factors = {
  all: () => get<Factors>('/factors'),
  beginTotp: () => post<TotpBegun>('/factors/totp'),
  confirmTotp: (code: string, name: string) => post<Enrolled>('/factors/totp/confirm', { code, name }),
  beginPasskey: () => post<PasskeyAsked>('/factors/passkeys'),
  confirmPasskey: (name: string, passkey: object) =>
    post<Enrolled>('/factors/passkeys/confirm', { name, passkey }),
  renewCodes: () => post<Enrolled>('/factors/recovery-codes'),
  remove: (id: string) => remove(`/factors/${within(id)}`),
}
