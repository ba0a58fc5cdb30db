/**
 * What a reader by ear is told at once, in one place, so that nothing is said twice.
 *
 * Invariant: only the frame shows `announced`; no card has a live region of its own for the same event.
 */
import { ref } from 'vue'

export const announced = ref('')

let turn = 0

/** Says it, even if it was the last thing said. */
export function announce(text: string): void {
  // A region is read out when its text changes: the same words again need a change.
  announced.value = turn++ % 2 ? text : `${text}\u00a0`
}
