/** A file of an incident in words. */
import type { Attachment } from '@/api'
import { t } from '@/i18n'

const KIB = 1024

/** A length people can compare: `980 B`, `12.3 KB`, `4.5 MB`. */
export function size(bytes: number): string {
  if (bytes < KIB) return `${bytes} B`
  const [of, unit] = bytes < KIB * KIB ? [KIB, 'KB'] : [KIB * KIB, 'MB']
  const count = bytes / of
  return `${count < 10 ? count.toFixed(1) : Math.round(count)} ${unit}`
}

/** Enough of a digest to compare by eye. */
export const short = (sha256: string): string => `${sha256.slice(0, 8)}…${sha256.slice(-8)}`

export const nameOf = (file: Pick<Attachment, 'name'>): string => file.name ?? t.value.files.forgotten

/** Of what is kept; of what is elsewhere as it was stated. */
export const lengthOf = (file: Attachment): number => (file.purpose === 'stated' ? file.sent_size : file.size)

/** A sign for what it is. */
export function sign(file: Attachment): string {
  if (file.kind === 'pdf') return '▤'
  if (file.kind === 'text') return '≡'
  return file.kind === 'mp4' || file.kind === 'quicktime' ? '▶' : '▣'
}
