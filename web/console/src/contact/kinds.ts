import type { ContactKind } from '@/api'

/** The kinds of contacts, in the order in which they are offered. */
export const KINDS: ContactKind[] = ['acquirer', 'bank', 'police', 'insurer']
