/**
 * A file on its way: how far it is, its end by hand, and once more after a lost line.
 *
 * Invariant: once more is the same file with the same key, so that one whose answer was lost is not there twice.
 */
import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { asProblem, newKey, type Problem } from '@/api'
import type { OnItsWay } from '@/api/http'

export const FILE_BYTES_MAX = 20 * 1024 * 1024

export interface Sending<Said> {
  /** What is on its way, or was. */
  file: ShallowRef<File | null>
  /** Bytes that have gone. */
  sent: Ref<number>
  busy: Ref<boolean>
  problem: ShallowRef<Problem | null>
  /** Sends a file with what is said of it. */
  send: (file: File, said: Said) => Promise<void>
  again: () => Promise<void>
  cancel: () => void
}

export function useSending<Said, Kept>(
  add: (file: File, said: Said, way: OnItsWay) => Promise<Kept>,
  done: (kept: Kept) => unknown,
): Sending<Said> {
  const file: ShallowRef<File | null> = shallowRef(null)
  const sent = ref(0)
  const busy = ref(false)
  const problem: ShallowRef<Problem | null> = shallowRef(null)
  let last: { key: string; said: Said } | null = null
  let ends = new AbortController()

  async function go() {
    if (!file.value || !last || busy.value) return
    ends = new AbortController()
    busy.value = true
    sent.value = 0
    problem.value = null
    const { key, said } = last
    const progress = (bytes: number) => (sent.value = Math.min(bytes, file.value?.size ?? bytes))
    try {
      const kept = await add(file.value, said, { key, signal: ends.signal, progress })
      file.value = null
      last = null
      await done(kept)
    } catch (thrown) {
      const why = asProblem(thrown)
      if (why.code === 'cancelled') cancel()
      else problem.value = why
    } finally {
      busy.value = false
    }
  }

  function cancel() {
    ends.abort()
    file.value = null
    last = null
    problem.value = null
  }
  onScopeDispose(() => ends.abort())

  return {
    file,
    sent,
    busy,
    problem,
    send: (chosen, said) => {
      if (busy.value) return Promise.resolve()
      file.value = chosen
      last = { key: newKey(), said }
      return go()
    },
    again: go,
    cancel,
  }
}
