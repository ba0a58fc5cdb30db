/**
 * Our tokens on Naive UI's theme: the one place where the two meet.
 *
 * Naive UI computes shades and so wants plain colours; they are read from tokens.css as the page has them now.
 *
 * Invariant: no colour, size or radius is written here, only names.
 */
import { computed } from 'vue'
import { darkTheme, dateEnUS, dateZhCN, enUS, zhCN, type GlobalThemeOverrides } from 'naive-ui'
import { locale } from '@/i18n'
import { theme } from '@/theme'

function overrides(): GlobalThemeOverrides {
  const style = getComputedStyle(document.documentElement)
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim()
  return {
    common: {
      fontFamily: token('font'),
      fontFamilyMono: token('mono'),
      fontSize: token('step-0'),
      fontSizeMedium: token('step-0'),
      borderRadius: token('round-1'),
      primaryColor: token('accent'),
      primaryColorHover: token('accent'),
      primaryColorPressed: token('accent'),
      primaryColorSuppl: token('accent'),
      successColor: token('running'),
      warningColor: token('held'),
      errorColor: token('lost'),
      infoColor: token('waiting'),
      bodyColor: token('paper'),
      cardColor: token('surface'),
      modalColor: token('surface'),
      popoverColor: token('surface'),
      inputColor: token('surface'),
      borderColor: token('edge'),
      dividerColor: token('line'),
      hoverColor: token('sunken'),
      textColorBase: token('ink'),
      textColor1: token('ink'),
      textColor2: token('ink'),
      textColor3: token('ink-2'),
      placeholderColor: token('ink-3'),
      iconColor: token('ink-3'),
    },
    Select: {
      peers: { InternalSelection: { heightMedium: token('touch'), border: `1px solid ${token('edge')}` } },
    },
    Checkbox: { border: `1px solid ${token('edge')}`, checkMarkColor: token('accent-ink') },
  }
}

export const naive = computed(() => ({
  theme: theme.value === 'dark' ? darkTheme : null,
  themeOverrides: overrides(),
  locale: locale.value === 'en' ? enUS : zhCN,
  dateLocale: locale.value === 'en' ? dateEnUS : dateZhCN,
}))
