/**
 * Something a reader does to the server: busy while it runs, a problem when it fails, done once however often it is
 * tried.
 *
 * Invariant: a second try after a failure carries the first one's idempotency key, so an act whose answer was lost is
 * not done twice; a new act carries a new key.
 */
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { asProblem, newKey, type Problem } from '@/api'

export interface Act<Told extends unknown[]> {
  busy: Ref<boolean>
  problem: ShallowRef<Problem | null>
  /** Does it, unless it is under way; answers whether it was done. */
  run: (...told: Told) => Promise<boolean>
  /** The same once more, with the same key. */
  again: () => Promise<boolean>
}

export function useAct<Told extends unknown[], Answer>(
  act: (key: string, ...told: Told) => Promise<Answer>,
  done: (answer: Answer) => unknown = () => {},
): Act<Told> {
  const busy = ref(false)
  const problem = shallowRef<Problem | null>(null)
  let last: { key: string; told: Told } | null = null

  async function attempt(key: string, told: Told): Promise<boolean> {
    if (busy.value) return false
    last = { key, told }
    busy.value = true
    problem.value = null
    try {
      await done(await act(key, ...told))
      last = null
      return true
    } catch (thrown) {
      problem.value = asProblem(thrown)
      return false
    } finally {
      busy.value = false
    }
  }

  /** What was told before, told again after no answer, is the same act. */
  const keyFor = (told: Told) =>
    last && problem.value?.passing && JSON.stringify(last.told) === JSON.stringify(told) ? last.key : newKey()

  return {
    busy,
    problem,
    run: (...told) => attempt(keyFor(told), told),
    again: () => (last ? attempt(last.key, last.told) : Promise.resolve(false)),
  }
}
