import { expect, test } from 'vitest'
import type { PersonExport } from '@/api'
import { whole } from './whole'

const page = (number: number, next: string | null) =>
  ({ form: 'tillguard-person/1', events: [{ sequence: number }], next_cursor: next }) as PersonExport

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
  expect(all.events).toHaveLength(100)
  expect(all.next_cursor).toBe('more')
})
