/**
 * Addresses of the pages. Every page but the log-in needs an account; each is loaded when first needed.
 *
 * Invariant: an address that can be opened can be linked: state that matters is in it.
 */
import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router'
import { t, type Messages } from '@/i18n'
import { account, atDesk, notSetUp, resume } from '@/session'

declare module 'vue-router' {
  interface RouteMeta {
    title: keyof Messages['title']
    open?: boolean
  }
}

export const loadChoose = () => import('@/pages/ReportChoose.vue')
export const loadConfirm = () => import('@/pages/ReportConfirm.vue')
export const loadIncident = () => import('@/pages/IncidentPage.vue')

export const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (to, _from, saved) =>
    saved ?? (to.hash && to.name !== 'registration' ? { el: to.hash, top: 72 } : { top: 0 }),
  routes: [
    {
      path: '/login',
      name: 'login',
      component: () => import('@/pages/LogIn.vue'),
      meta: { title: 'login', open: true },
    },
    {
      path: '/emergency',
      name: 'emergency',
      component: () => import('@/pages/EmergencyPage.vue'),
      meta: { title: 'emergency', open: true },
    },
    {
      path: '/setup',
      name: 'setup',
      component: () => import('@/pages/SetUp.vue'),
      meta: { title: 'setup', open: true },
    },
    { path: '/', name: 'home', component: () => import('@/pages/ShopHome.vue'), meta: { title: 'home' } },
    { path: '/report', name: 'report', component: loadChoose, meta: { title: 'report' } },
    {
      path: '/report/:terminal_id',
      name: 'confirm',
      component: loadConfirm,
      props: true,
      meta: { title: 'report' },
    },
    {
      path: '/incidents',
      name: 'incidents',
      component: () => import('@/pages/IncidentList.vue'),
      meta: { title: 'incidents' },
    },
    {
      path: '/incidents/:id',
      name: 'incident',
      component: loadIncident,
      props: true,
      meta: { title: 'incident' },
    },
    {
      path: '/terminals',
      name: 'terminals',
      component: () => import('@/pages/EstatePage.vue'),
      meta: { title: 'terminals' },
    },
    {
      path: '/terminals/new',
      name: 'new_terminal',
      component: () => import('@/pages/TerminalAdd.vue'),
      meta: { title: 'new_terminal' },
    },
    {
      path: '/terminals/:id',
      name: 'terminal',
      component: () => import('@/pages/TerminalPage.vue'),
      props: true,
      meta: { title: 'terminal' },
    },
    {
      path: '/settings',
      name: 'settings',
      component: () => import('@/pages/SettingsPage.vue'),
      meta: { title: 'settings' },
    },
    {
      path: '/providers',
      name: 'providers',
      component: () => import('@/pages/ProviderList.vue'),
      meta: { title: 'providers' },
    },
    {
      path: '/audit',
      name: 'audit',
      component: () => import('@/pages/AuditList.vue'),
      meta: { title: 'audit' },
    },
    {
      path: '/audit/:index',
      name: 'audit_record',
      component: () => import('@/pages/AuditRecordPage.vue'),
      props: true,
      meta: { title: 'audit' },
    },
    { path: '/work', name: 'work', component: () => import('@/pages/WorkPage.vue'), meta: { title: 'work' } },
    {
      path: '/contacts',
      name: 'contacts',
      component: () => import('@/pages/ContactList.vue'),
      meta: { title: 'contacts' },
    },
    {
      path: '/contacts/new',
      name: 'new_contact',
      component: () => import('@/pages/ContactPage.vue'),
      meta: { title: 'contact' },
    },
    {
      path: '/contacts/:id',
      name: 'contact',
      component: () => import('@/pages/ContactPage.vue'),
      props: true,
      meta: { title: 'contact' },
    },
    {
      path: '/scan',
      name: 'scan',
      component: () => import('@/pages/ScanPage.vue'),
      meta: { title: 'scan' },
    },
    {
      path: '/merchants',
      name: 'merchants',
      component: () => import('@/pages/MerchantList.vue'),
      meta: { title: 'merchants' },
    },
    {
      path: '/merchants/new',
      name: 'new_merchant',
      component: () => import('@/pages/MerchantPage.vue'),
      meta: { title: 'merchant' },
    },
    {
      path: '/merchants/:id',
      name: 'merchant',
      component: () => import('@/pages/MerchantPage.vue'),
      props: true,
      meta: { title: 'merchant' },
    },
    {
      path: '/shops',
      name: 'shops',
      component: () => import('@/pages/ShopList.vue'),
      meta: { title: 'shops' },
    },
    {
      path: '/shops/new',
      name: 'new_shop',
      component: () => import('@/pages/ShopPage.vue'),
      meta: { title: 'shop' },
    },
    {
      path: '/shops/:id',
      name: 'shop',
      component: () => import('@/pages/ShopPage.vue'),
      props: true,
      meta: { title: 'shop' },
    },
    {
      path: '/imports',
      name: 'imports',
      component: () => import('@/pages/ImportList.vue'),
      meta: { title: 'imports' },
    },
    {
      path: '/imports/:id',
      name: 'import',
      component: () => import('@/pages/ImportPage.vue'),
      props: true,
      meta: { title: 'imports' },
    },
    {
      path: '/people',
      name: 'people',
      component: () => import('@/pages/PeoplePage.vue'),
      meta: { title: 'people' },
    },
    {
      path: '/roles',
      name: 'roles',
      component: () => import('@/pages/RolesPage.vue'),
      meta: { title: 'roles' },
    },
    {
      path: '/keys',
      name: 'keys',
      component: () => import('@/pages/KeysPage.vue'),
      meta: { title: 'keys' },
    },
    {
      path: '/reach',
      name: 'reach',
      component: () => import('@/pages/ReachPage.vue'),
      meta: { title: 'reach' },
    },
    {
      path: '/security',
      name: 'security',
      component: () => import('@/pages/SecurityPage.vue'),
      meta: { title: 'security' },
    },
    {
      path: '/join',
      name: 'join',
      component: () => import('@/pages/JoinPage.vue'),
      meta: { title: 'join', open: true },
    },
    {
      path: '/register',
      name: 'register',
      component: () => import('@/pages/RegisterPage.vue'),
      meta: { title: 'register', open: true },
    },
    {
      path: '/registration',
      name: 'registration',
      component: () => import('@/pages/OwnRegistration.vue'),
      meta: { title: 'registration', open: true },
    },
    {
      path: '/registrations',
      name: 'registrations',
      component: () => import('@/pages/RegistrationList.vue'),
      meta: { title: 'registrations' },
    },
    {
      path: '/registrations/:id',
      name: 'one_registration',
      component: () => import('@/pages/RegistrationPage.vue'),
      props: true,
      meta: { title: 'registration' },
    },
    {
      path: '/labels',
      name: 'labels',
      component: () => import('@/pages/LabelsPage.vue'),
      meta: { title: 'labels' },
    },
    {
      path: '/:rest(.*)*',
      name: 'not_found',
      component: () => import('@/pages/NotFound.vue'),
      meta: { title: 'not_found' },
    },
  ],
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
