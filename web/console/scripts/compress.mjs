// Writes a brotli copy (`name.br`) next to every built text asset over 1 KB, so that the server compresses nothing at
// run time. It touches `dist` only, and fails if there is no build to compress.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants } from 'node:zlib'

const dist = fileURLToPath(new URL('../dist', import.meta.url))
const text = /\.(js|css|html|svg|json|wasm)$/
const smallest_bytes = 1024

let before = 0
let after = 0
for (const entry of readdirSync(dist, { recursive: true })) {
  const path = join(dist, String(entry))
  if (!text.test(path) || statSync(path).size <= smallest_bytes) continue
  const body = readFileSync(path)
  const packed = brotliCompressSync(body, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length },
  })
  writeFileSync(`${path}.br`, packed)
  before += body.length
  after += packed.length
}
console.log(`brotli: ${(before / 1024).toFixed(1)} KB -> ${(after / 1024).toFixed(1)} KB`)
