/**
 * Terminals that nobody reported, and at which cards were before they came to harm elsewhere: for the house.
 *
 * Invariant: no page builds a path of its own.
 */
import { get } from './http'
import type { CommonPoints } from './types'

export const commonPoints = {
  list: () => get<CommonPoints>('/common-points'),
}
