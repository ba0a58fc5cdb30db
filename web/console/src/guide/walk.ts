/** The case that is walked through, as the server has it, read again and again. */
import { computed, onScopeDispose, watch, type ShallowRef } from 'vue'
import { incidents, replacements, type TimelineKind } from '@/api'
import { demo } from '@/hotline'
import { useLoaded, useRepeated } from '@/loaded'
import { account } from '@/session'
import { number } from './example'
import { steps, type Known, type Step } from './steps'

const LOOK_EVERY_MS = 4_000
/** Right after something was done here, the next step is shown soon. */
const SOON_MS = 400
const PAGE = 200

export interface Walk {
  known: ShallowRef<{ case: Known | null; number: string } | null>
  steps: ShallowRef<Step[]>
}

export function useWalk(): Walk {
  /** What has happened in a case is read on from where it was read to. */
  let read = { id: '', after: 0, kinds: new Set<TimelineKind>() }
  async function kindsOf(id: string) {
    if (read.id !== id) read = { id, after: 0, kinds: new Set() }
    const mine = read
    for (let more = true; more;) {
      const { items } = await incidents.timeline(id, mine.after, PAGE)
      for (const item of items) {
        mine.kinds.add(item.kind)
        mine.after = Math.max(mine.after, item.sequence)
      }
      more = items.length === PAGE
    }
    return new Set(mine.kinds)
  }

  const looked = useLoaded(async () => {
    const name = demo.value?.merchant_name ?? ''
    const found = (await incidents.list({ q: name, limit: PAGE })).items
    const its = found.filter((one) => one.merchant_name === name)
    const newest = its[0]
    if (!newest) return { case: null, number: number(1) }
    const { id } = newest
    const [incident, duties, taken, kinds] = await Promise.all([
      incidents.one(id),
      incidents.duties(id),
      replacements.list(id),
      kindsOf(id),
    ])
    const replacement = taken.items.find((one) => !one.is_loaner && one.state !== 'withdrawn') ?? null
    const known = { incident, duties: duties.items, replacement, kinds }
    return { case: known, number: number(its.length) }
  })
  const look = () => (account.value ? looked.again() : Promise.resolve())
  watch(
    () => account.value?.login,
    () => {
      looked.data.value = null
      void look()
    },
    { immediate: true },
  )
  useRepeated(look, LOOK_EVERY_MS)
  let soon: ReturnType<typeof setTimeout> | undefined
  const touched = () => {
    clearTimeout(soon)
    soon = setTimeout(look, SOON_MS)
  }
  document.addEventListener('click', touched)
  onScopeDispose(() => {
    clearTimeout(soon)
    document.removeEventListener('click', touched)
  })
  return {
    known: looked.data,
    steps: computed(() => steps(looked.data.value?.case ?? null, demo.value?.shop_id ?? '')),
  }
}
