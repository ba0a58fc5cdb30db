// Writes `dist/worker.js`: the service worker with the files of the pages that a shop uses. It touches `dist` only.
import { createHash } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const manifest = JSON.parse(readFileSync(here('../dist/.vite/manifest.json'), 'utf8'))
/** Pages that are nothing without a network, and what only a demo has. */
const left_out = [
  'src/pages/EstatePage.vue',
  'src/pages/LabelsPage.vue',
  'src/pages/ScanPage.vue',
  'src/guide/GuideStrip.vue',
  'src/guide/ExampleButton.vue',
]

const files = new Set(['/favicon.svg'])
const seen = new Set(left_out)
function walk(name) {
  if (seen.has(name)) return
  seen.add(name)
  const chunk = manifest[name]
  for (const file of [chunk.file, ...(chunk.css ?? [])]) files.add(`/${file}`)
  for (const next of [...(chunk.imports ?? []), ...(chunk.dynamicImports ?? [])]) walk(next)
}
walk('index.html')

const list = [...files].sort()
const page = readFileSync(here('../dist/index.html'), 'utf8')
const version = createHash('sha256').update(page).update(list.join()).digest('hex').slice(0, 12)
const worker = readFileSync(here('../worker/worker.js'), 'utf8')
  .replace('self.__FILES__', JSON.stringify(list))
  .replace('self.__VERSION__', JSON.stringify(version))
writeFileSync(here('../dist/worker.js'), worker)
rmSync(here('../dist/.vite'), { recursive: true })
console.log(`worker: ${list.length} files kept, version ${version}`)
