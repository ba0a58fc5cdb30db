/**
 * The reader's language: which one, remembered, and the words in it.
 *
 * The words themselves are in `words/`, one file per subject with both languages side by side.
 *
 * Invariant: `<html lang>` always names the language on the page.
 */
import { computed, ref, watchEffect } from 'vue'
import { recall, remember } from '@/remembered'
import { en, zh, type Messages } from '@/words'

export type Locale = 'zh-CN' | 'en'

const words: Record<Locale, Messages> = { 'zh-CN': zh, en }

function firstLocale(): Locale {
  const saved = recall('locale')
  if (saved === 'zh-CN' || saved === 'en') return saved
  const wish = navigator.languages.find((language) => /^(zh|en)\b/i.test(language))
  return wish?.toLowerCase().startsWith('en') ? 'en' : 'zh-CN'
}

export const locale = ref<Locale>(firstLocale())

/** The words in the current language: `t.login.title` in a template, `t.value.login.title` in code. */
export const t = computed<Messages>(() => words[locale.value])

export function speak(chosen: Locale): void {
  locale.value = chosen
  remember('locale', chosen)
}

watchEffect(() => {
  document.documentElement.lang = locale.value
})

/** Several names in a row. */
export const listed = (items: string[]) => items.join(locale.value === 'zh-CN' ? '、' : ', ')

export type { Messages }
