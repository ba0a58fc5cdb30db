/**
 * A file that another app shared with this one, on its way to the loss that it is for.
 *
 * Invariant: it is in the browser only, until somebody says which loss it is for; it is given once, within the hour,
 * to who is signed in.
 */
import { shallowRef } from 'vue'

/** Where the service worker leaves it. */
const SHARED = 'shared'
const WAITS_MS_MAX = 3_600_000

const offered = shallowRef<File | null>(null)

/** The file that waits, which then waits no more; or the one that was taken before and given to nobody. */
export async function takeShared(): Promise<File | null> {
  if (!('caches' in window)) return offered.value
  const kept = await caches.match('/shared', { cacheName: SHARED })
  if (!kept) return offered.value
  const name = decodeURIComponent(kept.headers.get('x-name') ?? '') || 'file'
  const isOld = Date.now() - Number(kept.headers.get('x-at')) > WAITS_MS_MAX
  offered.value = isOld ? null : new File([await kept.blob()], name)
  await caches.delete(SHARED)
  return offered.value
}

/** Who signs out leaves nothing for the next one. */
export async function leaveShared(): Promise<void> {
  offered.value = null
  if ('caches' in window) await caches.delete(SHARED).catch(() => false)
}

/** For the one page that brings it. */
export function giveShared(): File | null {
  const file = offered.value
  offered.value = null
  return file
}
