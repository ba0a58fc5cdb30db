/**
 * What a page asked the server for: the answer, the failure, or the wait.
 *
 * Invariant: of two questions asked in a row, only the later one's answer is shown; a failed refresh keeps what was
 * there and says so.
 */
import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { asProblem, type Page, type Problem } from '@/api'
import { now } from '@/clock'

export interface Loaded<T> {
  data: ShallowRef<T | null>
  problem: ShallowRef<Problem | null>
  busy: Ref<boolean>
  /** When the answer came, by the server's clock. */
  heard_ms: Ref<number>
  again: () => Promise<void>
}

export function useLoaded<T>(ask: () => Promise<T>): Loaded<T> {
  const data = shallowRef<T | null>(null)
  const problem = shallowRef<Problem | null>(null)
  const busy = ref(false)
  const heard_ms = ref(0)
  let turn = 0

  async function again() {
    const mine = ++turn
    busy.value = true
    try {
      const answer = await ask()
      if (mine !== turn) return
      data.value = answer
      heard_ms.value = now()
      problem.value = null
    } catch (thrown) {
      if (mine === turn) problem.value = asProblem(thrown)
    } finally {
      if (mine === turn) busy.value = false
    }
  }
  onScopeDispose(() => turn++)
  return { data, problem, busy, heard_ms, again }
}

/** A page, whatever may be done with its list. */
type Listed = Omit<Page<unknown>, 'actions'>
type Item<P extends Listed> = P['items'][number]

export interface Paged<P extends Listed> {
  items: ShallowRef<Item<P>[] | null>
  last: ShallowRef<P | null>
  problem: ShallowRef<Problem | null>
  busy: Ref<boolean>
  heard_ms: Ref<number>
  again: () => Promise<void>
  more: () => Promise<void>
}

/** A list read page by page. `again` begins anew, `more` adds the next page. */
export function usePaged<P extends Listed>(ask: (cursor: string | null) => Promise<P>): Paged<P> {
  const items: ShallowRef<Item<P>[] | null> = shallowRef(null)
  let next: string | null = null
  const page = useLoaded(async () => {
    const cursor = next
    const answer = await ask(cursor)
    return { cursor, answer }
  })
  const last: ShallowRef<P | null> = shallowRef(null)
  watch(
    page.data,
    (told) => {
      if (!told) return
      items.value = told.cursor === null ? told.answer.items : [...(items.value ?? []), ...told.answer.items]
      last.value = told.answer
    },
    { flush: 'sync' },
  )
  return {
    items,
    last,
    problem: page.problem,
    busy: page.busy,
    heard_ms: page.heard_ms,
    again: () => {
      next = null
      return page.again()
    },
    more: async () => {
      next = last.value?.next_cursor ?? null
      if (next !== null) await page.again()
    },
  }
}

/** Repeats `act` while the page is open and in sight. */
export function useRepeated(act: () => unknown, every_ms: number): void {
  const timer = setInterval(() => {
    if (!document.hidden) act()
  }, every_ms)
  onScopeDispose(() => clearInterval(timer))
}
