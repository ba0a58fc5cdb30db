/**
 * Codes out of a picture: by the browser's own `BarcodeDetector` where it knows these kinds (phones with Google's
 * services), else by zxing-cpp as WebAssembly in a confined worker, from this server, loaded when a camera opens.
 *
 * Invariant: every question ends in an answer or an error in bounded time.
 */
import wasmAddress from 'zxing-wasm/reader/zxing_reader.wasm?url'
import { FORMATS } from './formats'

export interface Found {
  text: string
  format: string
}
export type Asked = { wasm: ArrayBuffer } | { picture: ImageData }
export type Told = { codes: Found[] } | { failed: string }

export interface Decoder {
  read: (picture: HTMLCanvasElement) => Promise<Found[]>
  close: () => void
}

const LOAD_MS_MAX = 30_000
const READ_MS_MAX = 8_000

interface Detector {
  detect: (picture: CanvasImageSource) => Promise<{ rawValue: string; format: string }[]>
}
interface DetectorClass {
  new (options: { formats: string[] }): Detector
  getSupportedFormats: () => Promise<string[]>
}

/** A decoder that is ready to read. */
export async function openDecoder(): Promise<Decoder> {
  return (await ofBrowser()) ?? (await ofLibrary())
}

/** The browser's own, if it knows every kind: one that knows a part would miss labels without a word. */
async function ofBrowser(): Promise<Decoder | null> {
  const kind = (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector
  const formats = FORMATS.map(([name]) => name)
  try {
    const known = await kind?.getSupportedFormats()
    if (!kind || !formats.every((one) => known?.includes(one))) return null
    return withSpare(new kind({ formats }))
  } catch {
    return null
  }
}

/** A detector that promises kinds and then fails, as without the services it needs, is replaced by the library. */
function withSpare(detector: Detector): Decoder {
  let spare: Promise<Decoder> | null = null
  return {
    read: async (picture) => {
      if (spare) return (await spare).read(picture)
      try {
        return (await detector.detect(picture)).map((one) => ({ text: one.rawValue, format: one.format }))
      } catch {
        spare = ofLibrary()
        return (await spare).read(picture)
      }
    },
    close: () => void spare?.then((one) => one.close()).catch(() => {}),
  }
}

async function ofLibrary(): Promise<Decoder> {
  const patience = new AbortController()
  const timer = setTimeout(() => patience.abort(), LOAD_MS_MAX)
  const loaded = await fetch(wasmAddress, { signal: patience.signal })
    .then((answer) => (answer.ok ? answer.arrayBuffer() : Promise.reject(new Error(`HTTP ${answer.status}`))))
    .finally(() => clearTimeout(timer))
  const worker = new Worker(new URL('./confined.ts', import.meta.url))
  const close = () => worker.terminate()
  try {
    await ask(worker, { wasm: loaded }, [loaded], LOAD_MS_MAX)
  } catch (thrown) {
    close()
    throw thrown
  }
  return {
    read: (canvas) => {
      const picture = pixels(canvas)
      return ask(worker, { picture }, [picture.data.buffer], READ_MS_MAX)
    },
    close,
  }
}

function pixels(canvas: HTMLCanvasElement): ImageData {
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (!context) throw new Error('no canvas')
  return context.getImageData(0, 0, canvas.width, canvas.height)
}

/** One question at a time: whoever asks waits for the answer before the next. */
function ask(worker: Worker, asked: Asked, moved: Transferable[], ms_max: number): Promise<Found[]> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer')), ms_max)
    worker.onmessage = ({ data }: MessageEvent<Told>) => {
      clearTimeout(timer)
      if ('codes' in data) resolve(data.codes)
      else reject(new Error(data.failed))
    }
    worker.onerror = (event) => {
      clearTimeout(timer)
      reject(new Error(event.message))
    }
    worker.postMessage(asked, moved)
  })
}
