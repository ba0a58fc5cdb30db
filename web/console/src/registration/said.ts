/** What an applicant types, and what the page knows of it before it is sent. */
import type { BusinessKind, RegistrationField } from '@/api/types'
import { isCreditCode, isIdentityNumber, isMobile } from './check'

export interface Said {
  kind: BusinessKind | null
  business_name: string
  credit_code: string
  person_name: string
  identity_number: string
  mobile: string
  login: string
}

export const nothing = (): Said => ({
  kind: null,
  business_name: '',
  credit_code: '',
  person_name: '',
  identity_number: '',
  mobile: '',
  login: '',
})

/** Fields that a server's answer may name. */
export const FIELDS: RegistrationField[] = [
  'kind',
  'business_name',
  'credit_code',
  'person_name',
  'identity_number',
  'mobile',
  'login',
]

const said = (text: string) => text.trim() || undefined

/** As it is sent: what is empty is left out. */
export const sendable = (it: Said) => ({
  kind: it.kind ?? undefined,
  business_name: said(it.business_name),
  credit_code: it.kind === 'micro' ? undefined : said(it.credit_code),
  person_name: said(it.person_name),
  identity_number: said(it.identity_number),
  mobile: said(it.mobile),
  login: said(it.login),
})

/** Whether what is typed is well-formed; an empty field is, where `isWhole` does not ask for all of them. */
export function isFit(it: Said, isWhole: boolean, now_ms: number): boolean {
  const fits = (text: string, isRight: (text: string) => boolean) => (text.trim() ? isRight(text) : !isWhole)
  const any = () => true
  return (
    (it.kind !== null || !isWhole) &&
    fits(it.business_name, any) &&
    (it.kind === 'micro' || fits(it.credit_code, isCreditCode)) &&
    fits(it.person_name, any) &&
    fits(it.identity_number, (text) => isIdentityNumber(text, now_ms)) &&
    fits(it.mobile, isMobile) &&
    fits(it.login, any)
  )
}
