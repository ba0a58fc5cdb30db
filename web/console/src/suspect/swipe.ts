/**
 * A card that may be thrown left, up or right, beside the buttons that do the same.
 *
 * Invariant: a finger that scrolls the page answers nothing; where motion is not wanted nothing moves.
 */
import { computed, onBeforeUnmount, ref, watch, type Ref } from 'vue'
import type { Mark } from '@/api'

/** So far it has to go. */
const FAR_PX = 88

/** What a way of the finger means; null while it is too short, or down. */
export function meant(dx: number, dy: number, upward: boolean): Mark | null {
  if (Math.abs(dx) >= FAR_PX && Math.abs(dx) > Math.abs(dy)) return dx < 0 ? 'fraudulent' : 'genuine'
  return upward && -dy >= FAR_PX && -dy > Math.abs(dx) ? 'unsure' : null
}

export function useSwipe(card: Ref<HTMLElement | undefined>, answer: (mark: Mark) => void) {
  const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches
  const start = ref<{ id: number; x: number; y: number } | null>(null)
  const way = ref({ x: 0, y: 0 })
  /** Only where the page has nowhere to scroll. */
  const upward = ref(false)
  const measure = () => {
    const page = document.scrollingElement
    upward.value = !!page && page.scrollHeight <= page.clientHeight
  }
  const watcher = new ResizeObserver(measure)
  watch(card, (shown) => {
    watcher.disconnect()
    if (shown) watcher.observe(shown)
  })
  window.addEventListener('resize', measure)
  onBeforeUnmount(() => {
    watcher.disconnect()
    window.removeEventListener('resize', measure)
  })

  const leaning = computed(() => (start.value ? meant(way.value.x, way.value.y, upward.value) : null))

  function down(event: PointerEvent) {
    if (!event.isPrimary || event.button !== 0 || (event.target as HTMLElement).closest('a, button, summary'))
      return
    start.value = { id: event.pointerId, x: event.clientX, y: event.clientY }
    way.value = { x: 0, y: 0 }
    card.value?.setPointerCapture(event.pointerId)
  }
  function move(event: PointerEvent) {
    if (start.value?.id === event.pointerId)
      way.value = { x: event.clientX - start.value.x, y: event.clientY - start.value.y }
  }
  function up(event: PointerEvent) {
    if (start.value?.id !== event.pointerId) return
    const mark = leaning.value
    cancel()
    if (mark) answer(mark)
  }
  function cancel() {
    start.value = null
    way.value = { x: 0, y: 0 }
  }

  const style = computed(() => {
    const touchAction = upward.value ? 'none' : 'pan-y'
    if (!start.value || still) return { touchAction }
    const y = upward.value ? Math.min(0, way.value.y) : 0
    return {
      touchAction,
      transition: 'none',
      transform: `translate(${way.value.x}px, ${y}px) rotate(${way.value.x / 40}deg)`,
    }
  })
  return { down, move, up, cancel, leaning, style, upward }
}
