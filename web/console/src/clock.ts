/**
 * The time as the server tells it: every answer says when it was written, and a phone may be hours off.
 *
 * The difference to this device's clock is kept, so that a page opened without a network still counts from the server's
 * time as far as it was ever known.
 *
 * Invariant: no page asks this device what time it is; it asks `now`.
 */
import { ref } from 'vue'
import { recall, remember } from './remembered'

const saved = Number(recall('clock'))

/** What to add to this device's clock, in milliseconds. */
const ahead_ms = ref(Number.isFinite(saved) ? saved : 0)

/** The present by the server's clock, in milliseconds since 1970. */
export const now = (): number => Date.now() + ahead_ms.value

/** The present, for everything that says how long ago; it moves every five seconds. */
export const now_ms = ref(now())
setInterval(() => (now_ms.value = now()), 5_000)

/**
 * Takes the time from an answer's `Date` header, which names whole seconds. `sent_ms` and `heard_ms` are this device's
 * clock when the question went out and when the answer came: the header was written in between, and the difference is
 * moved only as far as that demands.
 */
export function hear(date: string | null, sent_ms: number, heard_ms: number): void {
  const told_ms = Date.parse(date ?? '')
  if (Number.isNaN(told_ms)) return
  const fitting = Math.min(Math.max(ahead_ms.value, told_ms - heard_ms), told_ms + 999 - sent_ms)
  if (fitting === ahead_ms.value) return
  ahead_ms.value = fitting
  now_ms.value = now()
  remember('clock', String(fitting))
}
