/**
 * Documents that somebody has seen, as their fingerprints.
 *
 * Invariant: of two choices in a row only the later one's fingerprints count; a file that could not be read has none.
 */
import { ref, shallowRef } from 'vue'
import { fingerprint } from './check'

/** As the server takes them. */
export const DOCUMENTS_MAX = 10
/** A file is read into memory whole. */
export const FILE_MB_MAX = 100

/** Why the files that were chosen have no fingerprints: too many, or one too large or not to be read. */
export type Wrong = { why: 'many' } | { why: 'large' | 'unread'; name: string }

export function useDocuments() {
  const seen = shallowRef<{ name: string; digest: string }[]>([])
  const wrong = shallowRef<Wrong | null>(null)
  const busy = ref(false)
  let turn = 0

  async function read(files: File[], isOver: () => boolean): Promise<Wrong | null> {
    if (files.length > DOCUMENTS_MAX) return { why: 'many' }
    const all = []
    for (const file of files) {
      const { name } = file
      if (file.size > FILE_MB_MAX * 1_000_000) return { why: 'large', name }
      try {
        all.push({ name, digest: await fingerprint(file) })
      } catch {
        return { why: 'unread', name }
      }
      if (isOver()) return null
    }
    seen.value = all
    return null
  }

  async function choose(files: File[]) {
    const mine = ++turn
    seen.value = []
    wrong.value = null
    busy.value = true
    const came = await read(files, () => mine !== turn)
    if (mine !== turn) return
    wrong.value = came
    busy.value = false
  }
  return { seen, wrong, busy, choose }
}
