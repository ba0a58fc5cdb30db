/**
 * A list's filters live in the address, so that a list can be linked, reloaded and gone back to.
 *
 * Invariant: what is typed reaches the address after a short rest; everything else at once.
 */
import { computed, onScopeDispose, ref, watch } from 'vue'
import { useRoute, useRouter, type LocationQueryRaw } from 'vue-router'

const REST_MS = 250

export function useQuery() {
  const route = useRoute()
  const router = useRouter()
  const text = (name: string) => {
    const value = route.query[name]
    return typeof value === 'string' ? value : ''
  }
  /** The address with one thing changed; the rest of the filter stays. */
  const turned = (change: LocationQueryRaw) => ({ query: { ...route.query, ...change } })

  const words = ref(text('q'))
  watch(
    () => text('q'),
    (q) => q !== words.value.trim() && (words.value = q),
  )
  let timer: ReturnType<typeof setTimeout> | undefined
  function typed() {
    clearTimeout(timer)
    timer = setTimeout(() => void router.replace(turned({ q: words.value.trim() || undefined })), REST_MS)
  }
  onScopeDispose(() => clearTimeout(timer))

  const filtered = computed(() => Object.keys(route.query).some((name) => name !== 'sort' && text(name)))
  return { text, turned, words, typed, filtered }
}
