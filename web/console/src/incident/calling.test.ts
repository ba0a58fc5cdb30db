import { computed, createApp, defineComponent, h, ref } from 'vue'
import { describe, expect, it } from 'vitest'
import type { Incident } from '@/api'
import { locale, type Locale } from '@/i18n'
import { provideCase, type Case } from './case'
import SayCard from './SayCard.vue'

/** What is read out on the telephone of a case with such a request. */
function read(language: Locale, request: Partial<Incident['stop_request']>): string {
  locale.value = language
  const incident = {
    merchant_name: 'Café Blau',
    manner: 'lost',
    terminal_id: '88210001',
    terminal: { serial: '8P21-004417', merchant_id: '7K3M9QXA' },
    stop_request: { number: 'STOP-A1B2C3D4', contact: null, ...request },
  } as unknown as Incident
  const open = { incident: computed(() => incident), desk: computed(() => true), opened: ref(new Set()) }
  const root = document.body.appendChild(document.createElement('div'))
  const page = defineComponent(() => {
    provideCase(open as unknown as Case)
    return () => h(SayCard)
  })
  const app = createApp(page)
  app.mount(root)
  const said = root.textContent ?? ''
  app.unmount()
  return said
}

describe('on the telephone', () => {
  it('the Chinese rule is cited where the server names it', () => {
    const rule = '银发〔2021〕259号 一(一)3'
    expect(read('zh-CN', { rule })).toContain('259 号')
    expect(read('en', { rule })).toContain('2021-259')
  })

  it('elsewhere it is not, and there is still something to say to who puts one off', () => {
    for (const language of ['zh-CN', 'en'] as const) {
      const said = read(language, { rule: null })
      expect(said).not.toContain('259')
      expect(said.match(/STOP-A1B2C3D4/g)!.length).toBeGreaterThan(1)
    }
  })

  it('only a number that the acquirer gave is called its own', () => {
    const contact = { name: 'a', hotline: null, email: null, reference: 'CH-2023-0417' }
    expect(read('en', { contact })).toContain('CH-2023-0417')
    expect(read('en', {})).not.toContain('7K3M9QXA')
  })
})
