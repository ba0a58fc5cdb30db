import { expect, test } from 'vitest'
import { mailAddress, type MailServer } from './mail'

const said: MailServer = { server: ' mail.example.com ', user: '', password: '', security: 'tls' }

test('what a mail program asks for is one address', () => {
  expect(mailAddress({ ...said, server: ' ' })).toBeNull()
  expect(mailAddress(said)).toBe('smtps://mail.example.com')
  expect(mailAddress({ ...said, user: 'stop@shop.example ', password: 'p@ss:/?#% 密' })).toBe(
    'smtps://stop%40shop.example:p%40ss%3A%2F%3F%23%25%20%E5%AF%86@mail.example.com',
  )
  expect(mailAddress({ ...said, server: 'mail.example.com:2525', security: 'starttls' })).toBe(
    'smtp://mail.example.com:2525?tls=required',
  )
  expect(mailAddress({ ...said, security: 'none' })).toBe('smtp://mail.example.com?tls=none')
})

test('half a log-in stays half, so that the server can say so', () => {
  expect(mailAddress({ ...said, user: 'stop' })).toBe('smtps://stop:@mail.example.com')
  expect(mailAddress({ ...said, password: 'x' })).toBe('smtps://:x@mail.example.com')
})
