/**
 * That something was read, for hand and ear: the eye is on the label.
 *
 * Invariant: it is soft, short, and never the only sign.
 */
let context: AudioContext | null = null

/** Browsers let a page sound only after a press: called in one. */
export function readySound(): void {
  try {
    context ??= new AudioContext()
    void context.resume().catch(() => {})
  } catch {
    context = null
  }
}

export function signal(): void {
  navigator.vibrate?.(60)
  if (context?.state !== 'running') return
  const [tone, volume] = [context.createOscillator(), context.createGain()]
  const now = context.currentTime
  tone.frequency.value = 880
  volume.gain.setValueAtTime(0.06, now)
  volume.gain.exponentialRampToValueAtTime(0.001, now + 0.12)
  tone.connect(volume).connect(context.destination)
  tone.start(now)
  tone.stop(now + 0.12)
}
