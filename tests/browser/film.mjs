// What a camera sees: pictures laid on a table, as the file that Chromium shows as its camera; and codes that others print.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareZXingModule, writeBarcode } from 'zxing-wasm/writer'

const WIDTH = 1280
const HEIGHT = 720

const dataUrl = (type, bytes) => `data:${type};base64,${Buffer.from(bytes).toString('base64')}`

/**
 * A picture as a phone would see it: `share` of the frame's width, turned by `degrees`, out of focus by `blur_px`.
 * @returns {Promise<Buffer>} a JPEG of 1280 × 720.
 */
export async function seen(browser, picture, { share = 0.7, degrees = 0, blur_px = 0 } = {}) {
  const page = await browser.newPage()
  const jpeg = await page.evaluate(
    async ({ source, width, height, share, degrees, blur_px }) => {
      const image = new Image()
      image.src = source
      await image.decode()
      const canvas = Object.assign(document.createElement('canvas'), { width, height })
      const table = canvas.getContext('2d')
      table.fillStyle = '#8a8378'
      table.fillRect(0, 0, width, height)
      table.filter = `blur(${blur_px}px)`
      table.translate(width / 2, height / 2)
      table.rotate((degrees * Math.PI) / 180)
      const scale = (share * width) / image.naturalWidth
      table.scale(scale, scale)
      table.drawImage(image, -image.naturalWidth / 2, -image.naturalHeight / 2)
      return canvas.toDataURL('image/jpeg', 0.85).split(',')[1]
    },
    { source: dataUrl('image/png', picture), width: WIDTH, height: HEIGHT, share, degrees, blur_px },
  )
  await page.close()
  return Buffer.from(jpeg, 'base64')
}

/** Arguments for a browser whose camera shows this JPEG, and how to be rid of the file. */
export async function cameraOf(jpeg) {
  const folder = await mkdtemp(join(tmpdir(), 'tillguard-camera-'))
  const file = join(folder, 'label.mjpeg')
  await writeFile(file, jpeg)
  return {
    args: [...FAKE_CAMERA, `--use-file-for-fake-video-capture=${file}`, '--use-fake-ui-for-media-stream'],
    drop: () => rm(folder, { recursive: true, force: true }),
  }
}

export const FAKE_CAMERA = ['--use-fake-device-for-media-stream']

let writer
/** A code as another printer makes it, as PNG. */
export async function printed(format, text) {
  writer ??= readFile(createRequire(import.meta.url).resolve('zxing-wasm/writer/zxing_writer.wasm')).then(
    (wasmBinary) => prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true }),
  )
  await writer
  const { image, error } = await writeBarcode(text, { format, scale: 4, addQuietZones: true })
  if (!image) throw new Error(`${format}: ${error}`)
  return Buffer.from(await image.arrayBuffer())
}

/** A hand scanner: each key `gap_ms` after the last, by the browser's own clock, then Enter. */
export async function scanner(page, text, gap_ms = 8) {
  const session = await page.context().newCDPSession(page)
  const first_s = Date.now() / 1000
  const sent = [...text, 'Enter'].flatMap((key, place) => {
    const timestamp = first_s + (place * gap_ms) / 1000
    const typed = key === 'Enter' ? '\r' : key
    const common = { key, timestamp, ...(key === 'Enter' && { windowsVirtualKeyCode: 13, code: 'Enter' }) }
    return [
      session.send('Input.dispatchKeyEvent', { type: 'keyDown', text: typed, ...common }),
      session.send('Input.dispatchKeyEvent', { type: 'keyUp', ...common }),
    ]
  })
  await Promise.all(sent)
  await session.detach()
}
