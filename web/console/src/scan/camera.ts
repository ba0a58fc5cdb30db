/**
 * The phone's camera: opened when somebody presses, closed when nobody looks.
 *
 * Invariant: `close` ends every track; a camera that opens after it was given up is closed at once.
 */
export type Trouble = 'insecure' | 'none' | 'refused' | 'busy' | 'failed'

export interface Camera {
  stream: MediaStream
  /** Turns the light on or off; not there where the camera has none. */
  light?: (on: boolean) => Promise<void>
  close: () => void
}

/** A camera, or why there is none. */
export async function openCamera(): Promise<Camera | Trouble> {
  if (!window.isSecureContext) return 'insecure'
  if (!navigator.mediaDevices?.getUserMedia) return 'none'
  try {
    return ofStream(
      await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { facingMode: { ideal: 'environment' }, width: { ideal: 1280 }, height: { ideal: 720 } },
      }),
    )
  } catch (thrown) {
    return troubleOf(thrown)
  }
}

export function troubleOf(thrown: unknown): Trouble {
  const name = thrown instanceof Error || thrown instanceof DOMException ? thrown.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'refused'
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'none'
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy'
  return 'failed'
}

function ofStream(stream: MediaStream): Camera {
  const track = stream.getVideoTracks()[0]
  const has = track?.getCapabilities?.() as { torch?: boolean } | undefined
  const light = (on: boolean) =>
    track!.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] })
  return {
    stream,
    ...(has?.torch && { light }),
    close: () => stream.getTracks().forEach((one) => one.stop()),
  }
}
