import { beforeEach, describe, expect, it, vi } from 'vitest'
import { giveShared, leaveShared, takeShared } from './shared'

/** What the service worker leaves: one answer, in one cache. */
let kept: Response | undefined
const share = (name: string, at_ms: number) => {
  const headers = { 'x-name': encodeURIComponent(name), 'x-at': String(at_ms) }
  kept = new Response('a,b', { headers })
}

beforeEach(async () => {
  vi.stubGlobal('caches', {
    match: async () => kept,
    delete: async () => {
      const was = !!kept
      kept = undefined
      return was
    },
  })
  await leaveShared()
})

describe('a shared file', () => {
  it('waits no more once it is taken, and is given once', async () => {
    share('账单.csv', Date.now())
    expect((await takeShared())?.name).toBe('账单.csv')
    expect(kept).toBeUndefined()
    expect((await takeShared())?.name).toBe('账单.csv')
    expect(giveShared()?.size).toBe(3)
    expect([giveShared(), await takeShared()]).toEqual([null, null])
  })
  it('does not wait longer than an hour', async () => {
    share('old.csv', Date.now() - 3_700_000)
    expect(await takeShared()).toBeNull()
    expect(kept).toBeUndefined()
  })
  it('is left by who signs out, whether it was taken or not', async () => {
    share('one.csv', Date.now())
    await leaveShared()
    expect([kept, await takeShared()]).toEqual([undefined, null])
    share('two.csv', Date.now())
    await takeShared()
    await leaveShared()
    expect(giveShared()).toBeNull()
  })
})
