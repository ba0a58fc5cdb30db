/**
 * Who goes on with the walk through the demo: its people change hands, and share one password.
 *
 * Invariant: a password is remembered in a demo only, in this page's memory and nowhere else: a page that is loaded
 * anew has forgotten it.
 */
import { ref } from 'vue'
import { session } from '@/api'
import { demo } from '@/hotline'
import { entered, forget } from '@/session'

let password: string | null = null

/** The name that the log-in page fills in. */
export const wanted = ref('')
/** How often another person took over here: the page is built anew for each. */
export const hands = ref(0)

/** What was typed at a log-in that was right. */
export function keep(typed: string): void {
  password = demo.value && typed
}

/** Ends the session and begins that person's; answers whether nothing has to be typed for it. */
export async function become(login: string): Promise<boolean> {
  await session.close().catch(() => {})
  wanted.value = login
  try {
    if (password !== null && !entered(await session.open(login, password))) {
      hands.value += 1
      return true
    }
  } catch {
    password = null
  }
  forget()
  return false
}
