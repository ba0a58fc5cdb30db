/**
 * The keyboard of the dense lists: `/` to search, `j` and `k` to move, Enter to open.
 *
 * Invariant: a reader who is typing is never interrupted.
 */
import { onScopeDispose, ref, watch, type Ref } from 'vue'

interface Listed {
  length: () => number
  open: (place: number) => void
  search: () => HTMLElement | null | undefined
}

/** Returns the place of the row in hand, -1 when none. */
export function useListKeys(list: Listed): Ref<number> {
  const place = ref(-1)

  function press(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return
    const target = event.target as HTMLElement
    const typing = target.matches('input, textarea, select, [contenteditable]')
    if (event.key === 'Escape' && typing) return target.blur()
    if (typing) return
    if (event.key === '/') {
      event.preventDefault()
      list.search()?.focus()
    } else if (event.key === 'j' || event.key === 'k') {
      const next = place.value + (event.key === 'j' ? 1 : -1)
      place.value = Math.min(Math.max(next, 0), list.length() - 1)
    } else if (event.key === 'Enter' && place.value >= 0 && !target.matches('a, button, summary')) {
      list.open(place.value)
    }
  }

  watch(place, (now) => {
    requestAnimationFrame(() =>
      document.querySelector(`[data-place="${now}"]`)?.scrollIntoView({ block: 'nearest' }),
    )
  })
  document.addEventListener('keydown', press)
  onScopeDispose(() => document.removeEventListener('keydown', press))
  return place
}
