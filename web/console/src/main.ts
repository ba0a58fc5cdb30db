/** Starts the console. */
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
createApp(App).use(router).mount('#app')
