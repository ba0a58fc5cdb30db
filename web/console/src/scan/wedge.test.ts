import { effectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readLabel } from './label'
import { useWedge } from './wedge'

const LABEL = 'SN: YZ9030495193'
const heard = vi.fn()
const submitted = vi.fn((event: Event) => event.preventDefault())
let scope: ReturnType<typeof effectScope>
let now = 0

beforeEach(() => {
  document.body.innerHTML = `
    <form><input id="text" value="a"><input id="secret" type="password"><button>go</button></form>
    <p tabindex="0" id="page"></p>`
  document.querySelector('form')!.addEventListener('submit', submitted)
  scope = effectScope()
  scope.run(() => useWedge(heard))
  now = 1_000
})
afterEach(() => {
  scope.stop()
  heard.mockReset()
  submitted.mockClear()
})

const at = (id: string) => document.getElementById(id) as HTMLInputElement

/** A key as a browser reports it, and what it does to a field unless it is held back. */
function press(target: HTMLElement, key: string, more: Partial<KeyboardEventInit> = {}): KeyboardEvent {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more })
  Object.defineProperty(event, 'timeStamp', { value: now })
  target.dispatchEvent(event)
  if (!event.defaultPrevented && key.length === 1 && target instanceof HTMLInputElement) target.value += key
  return event
}

function type(target: HTMLElement, text: string, gap_ms: (place: number) => number) {
  ;[...text].forEach((key, place) => {
    now += gap_ms(place)
    press(target, key)
  })
}
const scanned = (target: HTMLElement, text: string, gap_ms = 8) => {
  type(target, text, () => gap_ms)
  now += gap_ms
  return press(target, 'Enter')
}

describe('a scanner that types', () => {
  it('is heard outside a field', () => {
    expect(scanned(at('page'), LABEL).defaultPrevented).toBe(true)
    expect(heard.mock.calls).toEqual([[LABEL]])
  })

  it('is heard inside a field, which is then as it was, and sends no form', () => {
    const typed = vi.fn()
    at('text').addEventListener('input', typed)
    expect(scanned(at('text'), LABEL).defaultPrevented).toBe(true)
    expect(heard.mock.calls).toEqual([[LABEL]])
    expect(at('text').value).toBe('a')
    expect(typed).toHaveBeenCalled()
  })

  it('is heard when it is slow, twice in a row, and with the shift key in between', () => {
    scanned(at('page'), 'YZ9030495193', 30)
    now += 200
    type(at('page'), 'YZ', () => 10)
    press(at('page'), 'Shift')
    type(at('page'), '9030495194', () => 10)
    press(at('page'), 'Enter')
    expect(heard.mock.calls).toEqual([['YZ9030495193'], ['YZ9030495194']])
  })

  it('is heard whole through an input method, by the places of its keys', () => {
    const keys: [string, boolean][] = [
      ['KeyS', true],
      ['KeyN', true],
      ['Semicolon', true],
      ['KeyY', false],
      ['Digit9', false],
      ['Digit0', false],
    ]
    for (const [code, shiftKey] of keys) {
      now += 8
      press(at('text'), 'Process', { code, shiftKey })
    }
    press(at('text'), 'Process', { code: 'Enter' })
    expect(heard.mock.calls).toEqual([['SN:y90']])
    expect(at('text').value).toBe('a')
  })

  it('presses no button that has the focus', () => {
    type(at('page'), 'SN:', () => 8)
    now += 8
    expect(press(at('page'), ' ').defaultPrevented).toBe(true)
  })
})

describe('a person who types', () => {
  it.each([60, 120, 400])('is left alone, a key every %i ms', (gap_ms) => {
    const enter = scanned(at('text'), 'YZ9030495193', gap_ms)
    expect(enter.defaultPrevented).toBe(false)
    expect(at('text').value).toBe('aYZ9030495193')
    expect(heard).not.toHaveBeenCalled()
  })

  it('is left alone in quick spurts', () => {
    // Three keys at once, then a breath: as fast as rolling fingers get.
    type(at('text'), 'YZ9030495193', (place) => (place % 3 ? 15 : 110))
    expect(press(at('text'), 'Enter').defaultPrevented).toBe(false)
    expect(heard).not.toHaveBeenCalled()
  })

  it('is left alone with a few quick keys, a key held down, and a shortcut', () => {
    expect(scanned(at('text'), 'abcde').defaultPrevented).toBe(false)
    for (let place = 0; place < 20; place++) {
      now += 30
      press(at('text'), 'x', { repeat: place > 0 })
    }
    expect(press(at('text'), 'Enter').defaultPrevented).toBe(false)
    type(at('page'), '1234567', () => 8)
    press(at('page'), 'c', { ctrlKey: true })
    expect(press(at('page'), 'Enter').defaultPrevented).toBe(false)
    expect(heard).not.toHaveBeenCalled()
  })

  it('who waits before Enter sends what was typed', () => {
    type(at('text'), 'YZ9030495193', () => 8)
    now += 300
    expect(press(at('text'), 'Enter').defaultPrevented).toBe(false)
    expect(at('text').value).toBe('aYZ9030495193')
  })

  it('has a password to himself, however fast a manager of passwords types it', () => {
    expect(scanned(at('secret'), 'correct-horse').defaultPrevented).toBe(false)
    expect(at('secret').value).toBe('correct-horse')
    expect(heard).not.toHaveBeenCalled()
  })

  it('gets no space held back', () => {
    type(at('text'), 'SN:', () => 8)
    now += 8
    expect(press(at('text'), ' ').defaultPrevented).toBe(false)
    now += 500
    expect(press(at('page'), ' ').defaultPrevented).toBe(false)
  })
})

it('what is too long for a label is told so, and never heard in part', () => {
  scanned(at('page'), `${'x'.repeat(600)}YZ9030495193`)
  expect(heard.mock.calls).toHaveLength(1)
  expect(readLabel({ text: heard.mock.calls[0]![0] }, 'https://pos.example')).toEqual({ refused: 'too_long' })
})

it('nobody listens any more when the page is gone', () => {
  scope.stop()
  scanned(at('page'), LABEL)
  expect(heard).not.toHaveBeenCalled()
})
