/**
 * Who is signed in. The token itself stays in an HttpOnly cookie that no script can read.
 *
 * Who was here last is kept, so that the pages open without a network and say from when what they show is.
 *
 * Invariant: `account` is null exactly when the server would answer 401 as far as this page knows.
 */
import { computed, ref, watch } from 'vue'
import { Problem, session, type Account, type HalfWay, type Right } from '@/api'
import { leaveShared } from '@/statement/shared'
import { recall, remember } from './remembered'

export const account = ref<Account | null>(null)

/** Acquirer's people see all merchants and get the dense pages. */
export const atDesk = computed(() => account.value !== null && account.value.merchant_id === null)

/** Whether whoever is here has that right; over what, the server says with each thing's `actions`. */
export const may = (right: Right) => account.value?.rights.includes(right) ?? false

/** Nobody has set the house up: nothing but that is answered. */
export const notSetUp = ref(false)

let asked = false

/** Who was here last, so that their unsent report is in sight even before the server can be asked. */
export const lastLogin = ref(recall('login'))
watch(
  account,
  (here) => {
    remember('account', here && JSON.stringify(here))
    if (!here) return
    lastLogin.value = here.login
    remember('login', here.login)
  },
  { flush: 'sync' },
)

function lastAccount(): Account | null {
  try {
    const last = JSON.parse(recall('account') ?? 'null') as Account | null
    // What an earlier version kept says nothing of rights: the server will.
    return last && { ...last, rights: last.rights ?? ['report_loss'] }
  } catch {
    return null
  }
}

/**
 * The account of an earlier visit's cookie. Without an answer it is taken to be the last one here: the server checks
 * the cookie at every question anyway.
 */
export async function resume(): Promise<Account | null> {
  if (account.value || asked) return account.value
  try {
    account.value = await session.current()
    asked = true
    notSetUp.value = false
  } catch (thrown) {
    const problem = thrown instanceof Problem ? thrown : null
    notSetUp.value = problem?.code === 'not_set_up'
    if (notSetUp.value) return null
    if (problem?.status === 401) return forget()
    account.value = problem?.passing ? lastAccount() : null
    if (!account.value) throw thrown
  }
  return account.value
}

/** Signs in; or answers what is still to be shown, where the account has a second factor. */
export async function signIn(login: string, password: string): Promise<HalfWay | null> {
  return entered(await session.open(login, password))
}

/** What a right password or a link has opened: a session, which is entered, or a log-in that is half done. */
export function entered(opened: { account: Account } | HalfWay): HalfWay | null {
  if (!('account' in opened)) return opened
  enter(opened.account)
  return null
}

/** The server has just begun a session of that account. */
export function enter(own: Account): void {
  account.value = own
  asked = true
  notSetUp.value = false
}

export async function signOut(): Promise<void> {
  await session.close().catch(() => {})
  await leaveShared()
  lastLogin.value = null
  remember('login', null)
  forget()
}

/** The server no longer knows us: nothing of what was kept for the account stays. */
export function forget(): null {
  account.value = null
  remember('account', null)
  asked = true
  return null
}
