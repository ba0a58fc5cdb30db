/** Starts the console. */
// First of all: it takes a token out of the address before anything else sees it.
import './setup/token'
import './join/token'
import { createApp, watch } from 'vue'
import { whenSignedOut } from '@/api/http'
import App from './App.vue'
import { locale } from './i18n'
import { keepSending } from './report/outbox'
import { logInAndBack, name, router } from './router'
import { forget } from './session'
import './theme'
import './tokens.css'
import './base.css'

whenSignedOut(() => {
  forget()
  const here = router.currentRoute.value
  if (!here.meta.open) void router.replace(logInAndBack(here, true))
})

watch(locale, () => name(router.currentRoute.value))
keepSending()
// Once the first view stands, its files are kept for a visit without a network.
if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  window.addEventListener('load', () => void navigator.serviceWorker.register('/worker.js').catch(() => {}))
}
createApp(App).use(router).mount('#app')
