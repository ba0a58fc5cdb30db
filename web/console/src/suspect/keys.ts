/**
 * The keyboard of the ranked list: `j` `k` or arrows to move, `g` `f` `u` to mark, `z` to undo, `x` to select, `?` for
 * all of them.
 *
 * Invariant: a reader who is typing is never interrupted, and a key held down marks once.
 */
import { onScopeDispose } from 'vue'
import type { Mark } from '@/api'

export type Pressed = Mark | 'next' | 'previous' | 'first' | 'last' | 'undo' | 'select' | 'clear' | 'help'

const KEYS: Record<string, Pressed> = {
  'j': 'next',
  'ArrowDown': 'next',
  'k': 'previous',
  'ArrowUp': 'previous',
  'Home': 'first',
  'End': 'last',
  'g': 'genuine',
  'f': 'fraudulent',
  'u': 'unsure',
  'z': 'undo',
  'x': 'select',
  'Escape': 'clear',
  '?': 'help',
}
const MOVES = new Set<Pressed>(['next', 'previous'])
/** These scroll a page, so they are taken only in the list. */
const OF_LIST = new Set(['ArrowDown', 'ArrowUp', 'Home', 'End'])

/** What a key means; null when it is somebody else's. */
export function pressed(event: KeyboardEvent, isOpen = false): Pressed | null {
  if (event.ctrlKey || event.metaKey || event.altKey || isOpen) return null
  const target = event.target as HTMLElement | null
  if (target?.matches?.('input:not([type=checkbox]), textarea, select, [contenteditable]')) return null
  if (OF_LIST.has(event.key) && !target?.closest?.('[data-list]')) return null
  const meant = KEYS[event.key]
  if (!meant || (event.repeat && !MOVES.has(meant))) return null
  return meant
}

export function useMarkKeys(act: (pressed: Pressed) => void): void {
  function press(event: KeyboardEvent) {
    const target = event.target as HTMLElement
    if (event.key === 'Escape' && target.matches('textarea')) return target.blur()
    const meant = pressed(event, !!document.querySelector('dialog[open]'))
    if (!meant) return
    if (meant !== 'clear') event.preventDefault()
    act(meant)
  }
  document.addEventListener('keydown', press)
  onScopeDispose(() => document.removeEventListener('keydown', press))
}
