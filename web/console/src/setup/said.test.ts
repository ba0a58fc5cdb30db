import { expect, test } from 'vitest'
import { asSent, isWhole, stepOf, type Said } from './said'

const said: Said = {
  mode: 'shop',
  merchant: ' 福记小吃 ',
  language: 'zh',
  time_zone: 'Asia/Shanghai',
  currency: 'CNY',
  login: 'li.na',
  name: '李娜',
  email: ' li.na@fuji.example ',
  password: 'teapot-in-the-rain',
  again: 'teapot-in-the-rain',
}

test('a step is whole when nothing the page can see is missing', () => {
  for (const step of ['mode', 'house', 'person'] as const) expect(isWhole[step](said)).toBe(true)
  expect(isWhole.mode({ ...said, mode: null })).toBe(false)
  expect(isWhole.house({ ...said, merchant: ' ' })).toBe(false)
  expect(isWhole.house({ ...said, mode: 'acquirer', merchant: '' })).toBe(true)
  expect(isWhole.house({ ...said, currency: '' })).toBe(false)
  expect(isWhole.person({ ...said, again: 'teapot-in-the-sun' })).toBe(false)
  expect(isWhole.person({ ...said, password: '七个字的密码吗', again: '七个字的密码吗' })).toBe(false)
})

test('an acquirer sends no merchant, and no second password is sent at all', () => {
  expect(asSent(said, 't').merchant).toEqual({ name: '福记小吃' })
  const sent = asSent({ ...said, mode: 'acquirer' }, 't')
  expect('merchant' in sent).toBe(false)
  expect(sent.account).toEqual({
    login: 'li.na',
    name: '李娜',
    password: 'teapot-in-the-rain',
    email: 'li.na@fuji.example',
  })
  expect(asSent({ ...said, email: ' ' }, 't').account.email).toBeUndefined()
})

test('an answer about a field leads to its step', () => {
  expect(stepOf('account.password')).toBe('person')
  expect(stepOf('merchant.name')).toBe('house')
  expect(stepOf('mode')).toBe('mode')
  expect(stepOf(null)).toBe(null)
})
