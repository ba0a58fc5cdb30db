import { effectScope } from 'vue'
import { beforeEach, expect, it, vi } from 'vitest'

const answers: Record<string, unknown> = {}
const settled = () => new Promise((resolve) => setTimeout(resolve))

beforeEach(() => {
  vi.resetModules()
  localStorage.clear()
  vi.stubGlobal('fetch', (url: string) => {
    const path = new URL(url, 'http://x').pathname.replace('/api/v1', '')
    const body = answers[path]
    return body === undefined
      ? Promise.reject(new TypeError('Failed to fetch'))
      : Promise.resolve(new Response(JSON.stringify(body)))
  })
})

async function visit(login: string | null) {
  const { account } = await import('@/session')
  const { useHotline } = await import('./hotline')
  if (login)
    account.value = {
      login,
      name: login,
      role: 'owner',
      merchant_id: 'm',
      merchant_name: 'm',
      shop_id: null,
      administers: false,
      custom_role_id: null,
      custom_role_name: null,
      rights: ['report_loss'],
    }
  const { phone, href } = effectScope().run(useHotline)!
  await settled()
  return { phone: phone.value, href: href.value }
}

const contact = (merchant_id: string | null, hotline: string, state = 'active') => ({
  merchant_id,
  hotline,
  state,
})

it('is the node’s number before anybody is signed in', async () => {
  answers['/hotline'] = { phone: '400-000-0117' }
  expect(await visit(null)).toEqual({ phone: '400-000-0117', href: 'tel:4000000117' })
})

it('is the merchant’s own contact at its acquirer’s when there is one in use', async () => {
  answers['/hotline'] = { phone: '400-000-0117' }
  answers['/contacts'] = {
    items: [contact(null, '1'), contact('m', '2', 'retired'), contact('m', '3')],
    next_cursor: null,
  }
  expect((await visit('owner')).phone).toBe('3')
  answers['/contacts'] = { items: [], next_cursor: null }
  vi.resetModules()
  expect((await visit('owner')).phone).toBe('400-000-0117')
})

it('is known without a network from an earlier visit', async () => {
  answers['/hotline'] = { phone: '95 516' }
  await visit(null)
  const kept = localStorage.getItem('tillguard.hotline')!
  delete answers['/hotline']
  localStorage.setItem('tillguard.hotline', kept)
  vi.resetModules()
  expect(await visit(null)).toEqual({ phone: '95 516', href: 'tel:95516' })
})
