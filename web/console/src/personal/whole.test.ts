import { expect, test, vi } from 'vitest'
import type { PersonExport } from '@/api'
import { keep, ROWS_MAX, whole } from './whole'

const { save } = vi.hoisted(() => ({ save: vi.fn() }))
vi.mock('@/list/csv', () => ({ save }))
// The clock is that of a day which began in Shanghai alone.
vi.mock('@/clock', () => ({ now: () => Date.parse('2026-11-27T17:00:00Z'), now_ms: { value: 0 } }))
vi.mock('@/format/zone', async (original) => ({
  ...(await original<typeof import('@/format/zone')>()),
  ownZone: 'Asia/Shanghai',
}))

const page = (number: number, next: string | null) =>
  ({
    form: 'tillguard-person/1',
    account: { login: 'li' },
    events: [{ sequence: number }],
    next_cursor: next,
  }) as PersonExport

test('pages become one file', async () => {
  const asked: (string | null)[] = []
  const all = await whole(async (cursor) => {
    asked.push(cursor)
    return asked.length < 3 ? page(asked.length, `c${asked.length}`) : page(3, null)
  })
  expect(asked).toEqual([null, 'c1', 'c2'])
  expect(all.events.map((one) => one.sequence)).toEqual([1, 2, 3])
  expect(all.next_cursor).toBeNull()
})

test('a file ends, and says that there is more', async () => {
  const all = await whole(async () => page(1, 'more'))
  expect(all.events).toHaveLength(ROWS_MAX / 1_000)
  expect(all.next_cursor).toBe('more')
})

test('a file is called by the day of who reads it', () => {
  keep(page(1, null))
  expect(save).toHaveBeenCalledWith('tillguard-li-2026-11-28.json', expect.any(Blob))
})
