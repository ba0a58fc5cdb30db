/** Rights in the words of a line. */
import type { Right } from '@/api'
import { t } from '@/i18n'

/** What somebody with these may do; with none one looks. */
export const rightsSaid = (rights: Right[]) =>
  rights.map((right) => t.value.right[right]).join(t.value.roles.and) || t.value.roles.looks
