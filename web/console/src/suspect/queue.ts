/**
 * The payments that a shop is asked about, one after another: those of the loss window, the most outstanding first.
 *
 * Invariant: the order does not change while it is answered; what is skipped stays unanswered and is said to be.
 */
import { computed, ref, shallowRef, type ComputedRef, type Ref } from 'vue'
import type { Mark, Suspect, Suspects } from '@/api'

export interface Queue {
  items: Ref<Suspect[]>
  /** Which one is asked; as many as there are at the end. */
  place: Ref<number>
  current: ComputedRef<Suspect | null>
  answered: ComputedRef<number>
  rest: ComputedRef<Suspect[]>
  begin: (all: Suspect[]) => void
  /** To the next one without an answer. */
  next: () => void
  /** From the first one without an answer. */
  again: () => void
  /** Answers whether it is one of them. */
  to: (id: string) => boolean
}

/** Money may have moved by it while the terminal was out of sight: only then does the answer matter to a shop. */
const isAsked = (item: Suspect) =>
  item.in_window && item.kind !== 'other' && item.state !== 'declined' && !item.is_undone

/** How many of them the server knows, by what was said of them; of those called genuine it does not tell. */
export function asked(page: Pick<Suspects, 'at_risk'>): { open: number; said: number } {
  const counted = ({ sale_count, refund_count }: { sale_count: number; refund_count: number }) =>
    sale_count + refund_count
  return page.at_risk.reduce(
    (sum, one) => ({
      open: sum.open + counted(one.unmarked),
      said: sum.said + counted(one.fraudulent) + counted(one.unsure),
    }),
    { open: 0, said: 0 },
  )
}

/** Whether all that is to be asked has been read. */
export function isWhole(read: Suspect[], page: Suspects): boolean {
  const { open, said } = asked(page)
  const found = read.filter((item) => isAsked(item) && item.mark !== 'genuine').length
  return !page.next_cursor || found >= open + said
}

/** So many alike are asked about at once. */
const USUAL_MIN = 20

/** Those of which nothing stands out but when they were, if there are many; none while another is before them. */
export function usual(rest: Suspect[], current: Suspect | null): Suspect[] {
  const isUsual = (item: Suspect) => item.reasons.every(({ code }) => code === 'loss_window')
  if (!current || !isUsual(current)) return []
  const all = rest.filter(isUsual)
  return all.length < USUAL_MIN ? [] : all
}

/** Those with an answer first, so that a later visit goes on where the earlier one ended. */
export function ordered(all: Suspect[], markOf: (item: Suspect) => Mark | null): Suspect[] {
  const within = all.filter(isAsked).sort((one, other) => other.score - one.score)
  return [...within.filter((item) => markOf(item)), ...within.filter((item) => !markOf(item))]
}

export function useQueue(markOf: (item: Suspect) => Mark | null): Queue {
  const items = shallowRef<Suspect[]>([])
  const place = ref(0)
  const after = (from: number) => {
    const found = items.value.findIndex((item, index) => index >= from && !markOf(item))
    return found < 0 ? items.value.length : found
  }
  return {
    items,
    place,
    current: computed(() => items.value[place.value] ?? null),
    answered: computed(() => items.value.filter((item) => markOf(item)).length),
    rest: computed(() => items.value.filter((item) => !markOf(item))),
    begin: (all) => {
      items.value = ordered(all, markOf)
      place.value = after(0)
    },
    next: () => (place.value = after(place.value + 1)),
    again: () => (place.value = after(0)),
    to: (id) => {
      const found = items.value.findIndex((item) => item.id === id)
      if (found >= 0) place.value = found
      return found >= 0
    },
  }
}
