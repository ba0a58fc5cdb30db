/**
 * Light or dark: the system's wish, until the reader chooses.
 *
 * Invariant: `data-theme` on the root element is `light` or `dark` before the first paint, and `theme` says the same.
 */
import { computed, ref, watchEffect } from 'vue'
import { recall, remember } from './remembered'

export type Theme = 'light' | 'dark'
export type ThemeChoice = Theme | 'system'

const system = window.matchMedia('(prefers-color-scheme: dark)')
const systemDark = ref(system.matches)
system.addEventListener('change', (event) => (systemDark.value = event.matches))

function saved(): ThemeChoice {
  const choice = recall('theme')
  return choice === 'light' || choice === 'dark' ? choice : 'system'
}

export const themeChoice = ref<ThemeChoice>(saved())

export const theme = computed<Theme>(() =>
  themeChoice.value === 'system' ? (systemDark.value ? 'dark' : 'light') : themeChoice.value,
)

export function chooseTheme(choice: ThemeChoice): void {
  themeChoice.value = choice
  remember('theme', choice === 'system' ? null : choice)
}

watchEffect(
  () => {
    document.documentElement.dataset.theme = theme.value
  },
  { flush: 'sync' },
)
