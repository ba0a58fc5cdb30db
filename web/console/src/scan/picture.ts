/**
 * Pictures for the decoder: a camera's, or a photograph out of a file.
 *
 * Invariant: no canvas is larger than the decoder needs, whatever the picture's size.
 */
const CAMERA_PX_MAX = 1280
/** A photograph is tried whole first, then smaller: a sharp code survives it, noise does not. */
const PHOTO_PX_MAX = [2400, 1200]
export const PHOTO_BYTES_MAX = 25 * 1024 * 1024

function draw(
  canvas: HTMLCanvasElement,
  source: CanvasImageSource,
  width: number,
  height: number,
  px_max: number,
) {
  const scale = Math.min(1, px_max / Math.max(width, height))
  canvas.width = Math.max(1, Math.round(width * scale))
  canvas.height = Math.max(1, Math.round(height * scale))
  canvas.getContext('2d', { willReadFrequently: true })?.drawImage(source, 0, 0, canvas.width, canvas.height)
  return canvas
}

/** What the camera sees now; null while it shows nothing yet. */
export function ofVideo(video: HTMLVideoElement, canvas: HTMLCanvasElement): HTMLCanvasElement | null {
  if (!video.videoWidth || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null
  return draw(canvas, video, video.videoWidth, video.videoHeight, CAMERA_PX_MAX)
}

/** A photograph in the sizes worth trying; throws when the file is no picture. */
export async function ofPhoto(file: File): Promise<(() => HTMLCanvasElement)[]> {
  const image = new Image()
  // By `data:`, which the content policy allows for pictures; `blob:` it does not.
  image.src = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(reader.error ?? new Error('unreadable'))
    reader.readAsDataURL(file)
  })
  await image.decode()
  return PHOTO_PX_MAX.map(
    (px) => () => draw(document.createElement('canvas'), image, image.naturalWidth, image.naturalHeight, px),
  )
}
