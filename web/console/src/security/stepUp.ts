/**
 * Proving anew who it is, when a call needs that: one question on top of whatever page asked, however many calls
 * wait for it.
 *
 * Invariant: a call that waited is told yes only after the server took the proof.
 */
import { shallowRef } from 'vue'
import { whenStepUp } from '@/api/http'

/** The question that is open. */
export const asked = shallowRef<{ promise: Promise<boolean>; resolve: (proved: boolean) => void } | null>(
  null,
)

whenStepUp(() => {
  const open = asked.value ?? question()
  asked.value = open
  return open.promise
})

function question() {
  let resolve: (proved: boolean) => void = () => {}
  const promise = new Promise<boolean>((done) => (resolve = done))
  return { promise, resolve }
}

export function answered(proved: boolean): void {
  const open = asked.value
  asked.value = null
  open?.resolve(proved)
}
