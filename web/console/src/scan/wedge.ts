/**
 * A scanner that types ("keyboard wedge"): a burst of keys no person can type, ended by Enter, in a text field or not.
 *
 * A burst in a field has been typed into it by then; it is taken out again, and the field is as it was. Under an input
 * method the keys arrive as places on the keyboard, and are read as such.
 *
 * Invariant: what a person types is never swallowed: a field loses nothing before the burst is certain, and a field of
 * a password is left alone.
 */
import { onScopeDispose } from 'vue'

/** The shortest label; a person hits three keys at once, not six. */
const KEYS_MIN = 6
/** One more than a label may have: what is longer is told to be too long, never heard in part. */
const KEYS_MAX = 513
/** Between two keys, and on average: a person's average over six keys is above 60 ms, a slow scanner's below 35. */
const GAP_MS_MAX = 80
const MEAN_MS_MAX = 35

type Field = HTMLInputElement | HTMLTextAreaElement
interface Kept {
  field: Field
  value: string
  from: number | null
  to: number | null
}
interface Burst {
  text: string
  first_ms: number
  last_ms: number
  kept: Kept | null
  /** Under an input method, whose half-made word has to go too. */
  composed: boolean
}

/** The character of a key; null for a key that types none. Under an input method only its place is told. */
function characterOf(event: KeyboardEvent): string | null {
  if (event.key.length === 1) return event.key
  if (event.key !== 'Process' && event.key !== 'Unidentified') return null
  const letter = /^(?:Key([A-Z])|(?:Digit|Numpad)(\d))$/.exec(event.code)
  if (letter) return letter[2] ?? (event.shiftKey ? letter[1]! : letter[1]!.toLowerCase())
  const [plain, shifted] =
    { Minus: '-_', Equal: '=+', Period: '.>', Slash: '/?', Semicolon: ';:', Comma: ',<', Space: '  ' }[
      event.code
    ] ?? ''
  return (event.shiftKey ? shifted : plain) ?? null
}

const isField = (target: EventTarget | null): target is Field =>
  target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement

function keep(target: EventTarget | null): Kept | null {
  if (!isField(target)) return null
  // Fields of numbers and dates have no selection.
  return { field: target, value: target.value, from: target.selectionStart, to: target.selectionEnd }
}

/** Puts the field back, and tells whoever is bound to it. */
function restore({ field, value, from, to }: Kept) {
  field.value = value
  if (from !== null) field.setSelectionRange(from, to)
  field.dispatchEvent(new Event('input', { bubbles: true }))
}

function isCertain({ text, first_ms, last_ms }: Burst, ended_ms: number): boolean {
  if (text.length < KEYS_MIN || ended_ms - last_ms > GAP_MS_MAX) return false
  return (last_ms - first_ms) / (text.length - 1) <= MEAN_MS_MAX
}

/** Hears a scanner while the component is there. `heard` gets each burst's text. */
export function useWedge(heard: (text: string) => void): void {
  let burst: Burst | null = null

  function press(event: KeyboardEvent) {
    if (event.key === 'Shift' || event.key === 'CapsLock') return
    const { timeStamp: ms, target } = event
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isPassword(target)) {
      burst = null
      return
    }
    if (event.key === 'Enter' || (event.key === 'Process' && /Enter$/.test(event.code))) return end(event)
    const character = characterOf(event)
    if (character === null) {
      burst = null
      return
    }
    if (burst && ms - burst.last_ms <= GAP_MS_MAX) {
      if (burst.text.length < KEYS_MAX) burst.text += character
      burst.last_ms = ms
      burst.composed ||= event.isComposing || event.key === 'Process'
      // A space in a label presses no button that happens to have the focus.
      if (character === ' ' && !isField(target)) event.preventDefault()
    } else {
      burst = {
        text: character,
        first_ms: ms,
        last_ms: ms,
        kept: keep(target),
        composed: event.key === 'Process',
      }
    }
  }

  function end(event: KeyboardEvent) {
    const ended = burst
    burst = null
    if (!ended || !isCertain(ended, event.timeStamp)) return
    // The Enter is the scanner's: it sends no form and presses no button.
    event.preventDefault()
    event.stopImmediatePropagation()
    if (ended.kept) {
      const { kept } = ended
      if (ended.composed) {
        kept.field.blur()
        kept.field.focus({ preventScroll: true })
      }
      restore(kept)
    }
    heard(ended.text)
  }

  document.addEventListener('keydown', press, { capture: true })
  onScopeDispose(() => document.removeEventListener('keydown', press, { capture: true }))
}

const isPassword = (target: EventTarget | null) =>
  target instanceof HTMLInputElement && target.type === 'password'
