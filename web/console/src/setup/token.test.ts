import { expect, test, vi } from 'vitest'

async function opened(address: string) {
  vi.resetModules()
  window.history.replaceState(null, '', address)
  const { setUpToken } = await import('./token')
  return [setUpToken, window.location.pathname + window.location.search]
}

test('the token leaves the address at once', async () => {
  expect(await opened('/setup?token=abc-_1')).toEqual(['abc-_1', '/setup'])
})

test('there is no token elsewhere', async () => {
  expect(await opened('/setup')).toEqual([null, '/setup'])
  expect(await opened('/login?token=abc')).toEqual([null, '/login?token=abc'])
})
