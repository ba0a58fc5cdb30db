/**
 * Looking through the camera, or at a photograph, until something is seen.
 *
 * Invariant: the camera is on only between a press and the first of these: something read, another press, the page out
 * of sight, the component gone.
 */
import { nextTick, onScopeDispose, ref, shallowRef, type Ref } from 'vue'
import { openCamera, type Camera, type Trouble } from './camera'
import type { Decoder, Found } from './decoder'
import { PHOTO_BYTES_MAX, ofPhoto, ofVideo } from './picture'
import { readySound } from './signal'

/** Between two looks: quick enough for a hand, slow enough for an old phone. */
const REST_MS = 100

export type Hitch = Trouble | 'no_reader' | 'out_of_sight' | 'bad_photo' | 'empty_photo'
export type Stage = 'closed' | 'opening' | 'looking'

interface Looking {
  stage: Ref<Stage>
  hitch: Ref<Hitch | null>
  /** Whether the light is on; null where there is none. */
  lit: Ref<boolean | null>
  open: () => Promise<void>
  close: () => void
  light: () => Promise<void>
  photo: (file: File) => Promise<void>
}

/** `seen` hears what each look found; `sure` says that there is no second look. */
export function useLooking(
  video: Ref<HTMLVideoElement | undefined>,
  seen: (found: Found[], sure: boolean) => void,
): Looking {
  const stage = ref<Stage>('closed')
  const hitch = ref<Hitch | null>(null)
  const lit = ref<boolean | null>(null)
  const camera = shallowRef<Camera | null>(null)
  const canvas = document.createElement('canvas')
  let turn = 0
  let decoder: Promise<Decoder> | null = null

  function reader(): Promise<Decoder> {
    decoder ??= import('./decoder')
      .then((here) => here.openDecoder())
      .catch((thrown) => {
        decoder = null
        throw thrown
      })
    return decoder
  }

  function close(why: Hitch | null = null) {
    turn++
    camera.value?.close()
    camera.value = null
    if (video.value) video.value.srcObject = null
    lit.value = null
    stage.value = 'closed'
    hitch.value = why
  }

  async function open() {
    close()
    const mine = turn
    stage.value = 'opening'
    readySound()
    const loading = reader().catch(() => null)
    const opened = await openCamera()
    if (mine !== turn) {
      if (typeof opened !== 'string') opened.close()
      return
    }
    if (typeof opened === 'string') return close(opened)
    camera.value = opened
    // Allowed while the reader was elsewhere.
    if (document.hidden) return close('out_of_sight')
    opened.stream.getVideoTracks()[0]?.addEventListener('ended', () => mine === turn && close('busy'))
    const ready = await loading
    if (mine !== turn) return
    if (!ready || !video.value) return close('no_reader')
    video.value.srcObject = opened.stream
    lit.value = opened.light ? false : null
    stage.value = 'looking'
    // Phones play only what is in sight.
    await nextTick()
    await video.value?.play().catch(() => {})
    void look(ready, mine)
  }

  async function look(ready: Decoder, mine: number) {
    while (mine === turn && video.value) {
      const picture = ofVideo(video.value, canvas)
      try {
        const found = picture ? await ready.read(picture) : []
        if (mine === turn) seen(found, false)
      } catch {
        if (mine === turn) forget()
        return
      }
      await new Promise((resolve) => setTimeout(resolve, REST_MS))
    }
  }

  /** A decoder that failed once is not asked again. */
  function forget() {
    void decoder?.then((one) => one.close()).catch(() => {})
    decoder = null
    close('no_reader')
  }

  async function light() {
    const wish = !lit.value
    await camera.value?.light?.(wish).then(
      () => (lit.value = wish),
      () => (lit.value = null),
    )
  }

  async function photo(file: File) {
    close()
    const mine = turn
    stage.value = 'opening'
    const told = await ofFile(file)
    if (mine !== turn) return
    close(typeof told === 'string' ? told : null)
    if (typeof told !== 'string') seen(told, true)
  }

  async function ofFile(file: File): Promise<Found[] | Hitch> {
    if (file.size > PHOTO_BYTES_MAX) return 'bad_photo'
    const sizes = await ofPhoto(file).catch(() => null)
    if (!sizes) return 'bad_photo'
    try {
      const ready = await reader()
      for (const size of sizes) {
        const found = await ready.read(size())
        if (found.length) return found
      }
      return 'empty_photo'
    } catch {
      return 'no_reader'
    }
  }

  const hidden = () => document.hidden && stage.value !== 'closed' && camera.value && close('out_of_sight')
  document.addEventListener('visibilitychange', hidden)
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', hidden)
    close()
    void decoder?.then((one) => one.close()).catch(() => {})
  })

  return { stage, hitch, lit, open, close: () => close(), light, photo }
}
