import { expect, it } from 'vitest'
import type { AuditRecord, Event } from '@/api'
import { doer } from './doer'
import { locale } from './i18n'

const event = (actor_kind: Event['actor_kind'], actor: string) =>
  ({ sequence: 1, at: '', verb: 'create', actor_kind, actor, text: null }) as Event

it('calls whoever has no account in the language of the reader', () => {
  locale.value = 'zh-CN'
  expect(doer(event('outside', 'applicant'))).toBe('申请人')
  expect(doer(event('outside', 'stranger'))).toBe('未登录的人')
  expect(doer(event('outside', 'host'))).toBe('host')
  locale.value = 'en'
  expect(doer(event('outside', 'applicant'))).toBe('The applicant')
})

it('leaves a person of that name a name', () => {
  locale.value = 'zh-CN'
  expect(doer(event('person', 'applicant'))).toBe('applicant')
  const record = { actor_kind: 'person', actor: 'li', actor_name: '李' } as AuditRecord
  expect(doer(record)).toBe('李')
  expect(doer({ ...record, actor: null, actor_name: null, actor_kind: null })).toBe('')
})
