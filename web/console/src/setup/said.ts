/** What the first person says, step by step. */
import type { Mode, SetUp } from '@/api'

export interface Said {
  mode: Mode | null
  merchant: string
  language: 'zh' | 'en'
  time_zone: string
  currency: string
  login: string
  name: string
  email: string
  password: string
  again: string
}

export const PASSWORD_CHARS_MIN = 8

/** Characters as people count them, not as the page stores them. */
export const isShort = (password: string) => [...password].length < PASSWORD_CHARS_MIN

export type Step = 'mode' | 'house' | 'person'
export const STEPS: Step[] = ['mode', 'house', 'person']

/** Whether a step lacks nothing that the page itself can see. */
export const isWhole: Record<Step, (said: Said) => boolean> = {
  mode: (said) => said.mode !== null,
  house: (said) => said.currency !== '' && (said.mode !== 'shop' || said.merchant.trim() !== ''),
  person: (said) =>
    [said.login, said.name].every((text) => text.trim()) &&
    !isShort(said.password) &&
    said.password === said.again,
}

/** The step on which the server's answer belongs. */
export function stepOf(field: string | null): Step | null {
  if (!field) return null
  if (field.startsWith('account')) return 'person'
  return field === 'mode' ? 'mode' : 'house'
}

export function asSent(said: Said, token: string): SetUp {
  const { mode, language, time_zone, currency } = said
  const account = {
    login: said.login.trim(),
    name: said.name.trim(),
    password: said.password,
    email: said.email.trim() || undefined,
  }
  const rest = { token, language, time_zone, currency, account }
  return mode === 'shop'
    ? { ...rest, mode, merchant: { name: said.merchant.trim() } }
    : { ...rest, mode: 'acquirer' }
}
