import { effectScope, ref } from 'vue'
import { describe, expect, it } from 'vitest'
import { runs, silent_ms } from './silence'
import { useSteady } from './steady'

const HOUR_MS = 3_600_000
const heard_at = Date.parse('2026-11-22T07:00:00.000Z')
const terminal = { state: 'running' as const, last_seen_at: '2026-11-22T07:00:00.000Z' }

describe('a terminal', () => {
  it('is silent up to the moment the server spoke of it, and no longer', () => {
    expect(silent_ms(terminal, heard_at + 60_000)).toBe(0)
    expect(silent_ms(terminal, heard_at + HOUR_MS)).toBe(HOUR_MS)
  })

  it('runs when nothing stops it and it was heard lately', () => {
    expect(runs(terminal, heard_at + 60_000)).toBe(true)
    expect(runs(terminal, heard_at + 72 * HOUR_MS)).toBe(false)
    expect(runs({ ...terminal, last_seen_at: null }, heard_at)).toBe(false)
    expect(runs({ ...terminal, state: 'held' }, heard_at)).toBe(false)
  })
})

describe('a list one taps', () => {
  it('keeps its order while the rows change, and puts new ones last', () => {
    const rows = ref([
      { id: 'a', seen: 1 },
      { id: 'b', seen: 2 },
    ])
    const list = effectScope().run(() =>
      useSteady(
        () => rows.value,
        (one) => one.id,
        (one, other) => one.seen - other.seen,
      ),
    )!
    const order = () => list.value?.map((one) => one.id).join('')
    expect(order()).toBe('ab')
    rows.value = [
      { id: 'c', seen: 0 },
      { id: 'b', seen: 1 },
      { id: 'a', seen: 9 },
    ]
    expect(order()).toBe('abc')
  })
})
