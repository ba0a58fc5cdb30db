/** Who did something, as it is shown. */
import type { AuditRecord, Event } from '@/api'
import { t } from '@/i18n'

/** By name; who has no account is called what the record calls them, in the reader's language. */
export function doer(it: Event | AuditRecord): string {
  const name = ('actor_name' in it ? it.actor_name : it.actor) ?? it.actor ?? ''
  return it.actor_kind === 'outside' ? (t.value.outsiders[name] ?? name) : name
}
