/** What is done with a version besides writing it. */
import type { RevisionAction } from '@/api'

export type RevisionVerb = Exclude<RevisionAction, 'change'>
