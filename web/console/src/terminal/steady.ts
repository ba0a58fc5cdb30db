/**
 * A list that keeps its order while it is looked at: a row that moves is a wrong row tapped.
 *
 * Invariant: of two rows shown before, neither changes sides while the list is held; what is new comes last.
 */
import { computed, type ComputedRef } from 'vue'

/** The rows in the order they were first shown in; `order` is asked for new ones only, unless nobody holds the list. */
export function useSteady<T>(
  rows: () => T[] | null,
  key: (row: T) => string,
  order: (a: T, b: T) => number,
  held: () => boolean = () => true,
): ComputedRef<T[] | null> {
  const places = new Map<string, number>()
  return computed(() => {
    const now = rows()
    if (!now) return null
    if (!held()) places.clear()
    const fresh = now.filter((row) => !places.has(key(row))).sort(order)
    for (const row of fresh) places.set(key(row), places.size)
    return [...now].sort((a, b) => places.get(key(a))! - places.get(key(b))!)
  })
}
