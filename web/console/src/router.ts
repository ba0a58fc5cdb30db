/**
 * Addresses of the pages. Every page but the log-in needs an account.
 *
 * Invariant: an address that can be opened can be linked: state that matters is in it.
 */
import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router'
import { t, type Messages } from '@/i18n'
import { routes } from '@/routes'
import { account, atDesk, notSetUp, resume } from '@/session'

declare module 'vue-router' {
  interface RouteMeta {
    title: keyof Messages['title']
    open?: boolean
  }
}

export const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (to, _from, saved) =>
    saved ?? (to.hash && to.name !== 'registration' ? { el: to.hash, top: 72 } : { top: 0 }),
  routes,
})

/** The page's own files, asked for while the server says who is here. A failure is told when the page is opened. */
function prefetch(to: RouteLocationNormalized): void {
  for (const { components } of to.matched) {
    const page: unknown = components?.default
    if (typeof page === 'function') void (page as () => Promise<unknown>)().catch(() => {})
  }
}

router.beforeEach(async (to) => {
  if (!account.value) prefetch(to)
  const known = await resume()
  if (notSetUp.value && to.name !== 'setup') return { name: 'setup', replace: true }
  if (!known && !to.meta.open) return logInAndBack(to)
  if (known && to.name === 'login') return backOf(to)
  if (known && to.name === 'setup') return { path: '/', replace: true }
  if (to.name === 'home' && atDesk.value) return { name: 'incidents', replace: true }
  return true
})

router.afterEach((to) => name(to))

/** The log-in, that leads back to where the reader was. */
export function logInAndBack(from: RouteLocationNormalized, expired = false) {
  const back = from.fullPath === '/' ? undefined : from.fullPath
  return { name: 'login', query: { ...(back && { back }), ...(expired && { expired: '1' }) } }
}

/** Where to go after the log-in: a path of this console only, never another site. */
export function backOf(login: RouteLocationNormalized): string {
  const back = login.query.back
  return typeof back === 'string' && /^\/(?![/\\])/.test(back) ? back : '/'
}

export function name(page: RouteLocationNormalized, subject?: string): void {
  document.title = [subject, t.value.title[page.meta.title], t.value.app.name].filter(Boolean).join(' · ')
}
