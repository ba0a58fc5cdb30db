/**
 * Who is signed in. The token itself stays in an HttpOnly cookie that no script can read.
 *
 * Invariant: `account` is null exactly when the server would answer 401 as far as this page knows.
 */
import { computed, ref, watch } from 'vue'
import { Problem, session, type Account } from '@/api'
import { recall, remember } from './remembered'

export const account = ref<Account | null>(null)

/** Acquirer's people see all merchants and get the dense pages. */
export const atDesk = computed(() => account.value?.role === 'risk_officer' || account.value?.role === 'auditor')

export const mayAct = computed(() => account.value !== null && account.value.role !== 'auditor')

let asked = false

/** Who was here last, so that their unsent report is in sight even before the server can be asked. */
export const lastLogin = ref(recall('login'))
watch(account, (here) => {
  if (!here) return
  lastLogin.value = here.login
  remember('login', here.login)
})

/** The account of an earlier visit's cookie; asks the server once per page load. */
export async function resume(): Promise<Account | null> {
  if (account.value || asked) return account.value
  try {
    account.value = await session.current()
    asked = true
  } catch (thrown) {
    if (!(thrown instanceof Problem) || thrown.status !== 401) throw thrown
    asked = true
  }
  return account.value
}

export async function signIn(login: string, password: string): Promise<void> {
  account.value = (await session.open(login, password)).account
  asked = true
}

export async function signOut(): Promise<void> {
  await session.close().catch(() => {})
  lastLogin.value = null
  remember('login', null)
  forget()
}

/** The server no longer knows us. */
export function forget(): void {
  account.value = null
  asked = true
}
