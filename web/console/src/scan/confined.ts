/**
 * Finds codes in pictures, in a worker of its own: what a stranger printed is taken apart where there is no page, no
 * cookie and, by the policy the server sends with this script, no network. The page hands in the library's WebAssembly.
 *
 * Invariant: each message is answered once, in order.
 */
import { prepareZXingModule, readBarcodes, type ReaderOptions } from 'zxing-wasm/reader'
import type { Asked, Told } from './decoder'
import { FORMATS } from './formats'

/** Codes of one picture that are looked at; a label has a few. */
const CODES_MAX = 6

const OPTIONS: ReaderOptions = {
  formats: FORMATS.map(([, name]) => name),
  tryInvert: false,
  maxNumberOfSymbols: CODES_MAX,
}

interface Confined {
  onmessage: ((event: MessageEvent<Asked>) => void) | null
  postMessage: (told: Told) => void
}
const here = globalThis as unknown as Confined

async function answer(asked: Asked): Promise<Told> {
  try {
    if ('wasm' in asked) {
      await prepareZXingModule({ overrides: { wasmBinary: asked.wasm }, fireImmediately: true })
      return { codes: [] }
    }
    const found = await readBarcodes(asked.picture, OPTIONS)
    return {
      codes: found.filter((one) => one.isValid).map((one) => ({ text: one.text, format: one.format })),
    }
  } catch (thrown) {
    return { failed: String(thrown).slice(0, 200) }
  }
}

let before: Promise<void> = Promise.resolve()
here.onmessage = ({ data }) => {
  before = before.then(async () => here.postMessage(await answer(data)))
}
