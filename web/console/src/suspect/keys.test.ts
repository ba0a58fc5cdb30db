import { effectScope } from 'vue'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { pressed, useMarkKeys } from './keys'
import { meant } from './swipe'

const key = (name: string, more: KeyboardEventInit = {}) =>
  new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true, ...more })

afterEach(() => (document.body.innerHTML = ''))

describe('the keys of the ranked list', () => {
  it('mean what the bar says', () => {
    const all = ['j', 'k', 'g', 'f', 'u', 'z', 'x', '?', 'Escape', 'q']
    expect(all.map((name) => pressed(key(name)))).toEqual([
      'next',
      'previous',
      'genuine',
      'fraudulent',
      'unsure',
      'undo',
      'select',
      'help',
      'clear',
      null,
    ])
  })

  it('rest with a modifier, over a dialog, and a key held down marks once', () => {
    expect(pressed(key('f', { ctrlKey: true }))).toBeNull()
    expect(pressed(key('f', { metaKey: true }))).toBeNull()
    expect(pressed(key('f'), true)).toBeNull()
    expect(pressed(key('f', { repeat: true }))).toBeNull()
    expect(pressed(key('j', { repeat: true }))).toBe('next')
  })

  it('leave a reader alone who types, and arrows to whom is not in the list', () => {
    document.body.innerHTML =
      '<textarea></textarea><input type="checkbox"><table data-list><tr tabindex="0"></tr></table>'
    const heard = vi.fn()
    const scope = effectScope()
    scope.run(() => useMarkKeys(heard))
    const press = (where: string, name: string) => {
      const event = key(name)
      document.querySelector(where)!.dispatchEvent(event)
      return event.defaultPrevented
    }
    press('textarea', 'f')
    press('body', 'ArrowDown')
    expect(heard).not.toHaveBeenCalled()
    expect(press('tr', 'ArrowDown')).toBe(true)
    press('input', 'x')
    press('body', 'f')
    expect(heard.mock.calls.flat()).toEqual(['next', 'select', 'fraudulent'])
    scope.stop()
    press('body', 'f')
    expect(heard).toHaveBeenCalledTimes(3)
  })
})

describe('a thrown card', () => {
  it('answers by its way, once it went far enough', () => {
    expect(meant(-120, 10, true)).toBe('fraudulent')
    expect(meant(120, -40, true)).toBe('genuine')
    expect(meant(10, -120, true)).toBe('unsure')
    expect(meant(40, -40, true)).toBeNull()
    expect(meant(0, 200, true)).toBeNull()
  })

  it('does not take the scrolling of a long page for an answer', () => {
    expect(meant(10, -120, false)).toBeNull()
    expect(meant(-120, 10, false)).toBe('fraudulent')
  })
})
