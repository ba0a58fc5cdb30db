/**
 * Whom to call: the merchant's own contact at its acquirer, else the number the node was given. It is kept, because it
 * is needed most when there is no network.
 *
 * Invariant: a number is shown only as the server gave it.
 */
import { computed, ref, shallowRef, watch } from 'vue'
import { contacts, hotline, type Demo } from '@/api'
import { recall, remember } from './remembered'
import { account } from './session'

const phone = ref(recall('hotline'))
/** Whether merchants may sign up by themselves, as the house said when it was asked last. */
export const takesRegistrations = ref(false)
/** Where the walk through a demo begins; null in a real house. */
export const demo = shallowRef<Demo | null>(null)
/** For whom it was asked last: a login, or nobody. */
let askedFor: string | null | undefined

async function number(): Promise<string | null> {
  const telling = hotline()
  const known = account.value
    ? contacts.list({ kind: 'acquirer', state: 'active', limit: 20 })
    : Promise.resolve({ items: [] })
  const [told, { items }] = await Promise.all([telling, known])
  // What was known stays while the store does not say.
  takesRegistrations.value = told.takes_registrations ?? takesRegistrations.value
  demo.value = told.demo
  const inUse = items.filter((one) => one.state === 'active' && one.hotline)
  const own = inUse.find((one) => one.merchant_id !== null) ?? inUse[0]
  return own ? own.hotline : told.phone
}

async function ask(): Promise<void> {
  const asker = account.value?.login ?? null
  if (asker === askedFor) return
  askedFor = asker
  try {
    const told = await number()
    if (asker !== (account.value?.login ?? null)) return
    phone.value = told
    remember('hotline', told)
  } catch {
    // What is kept is still right; it is asked for again with the next page.
    askedFor = undefined
  }
}

export function useHotline() {
  watch(account, ask, { immediate: true })
  return { phone, href: computed(() => `tel:${phone.value?.replace(/[^\d+]/g, '') ?? ''}`) }
}
