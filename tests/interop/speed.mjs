// How long the purchase of purchase.json takes in npm's iso_8583: nanoseconds to build and pack, to unpack, the message.
// It knows no packed digits, so its message is the longer one in characters, with a binary bitmap.
import { readFileSync } from 'node:fs'
import Iso8583 from 'iso_8583'

const BATCHES = 15
const ROUNDS = 2_000
const fixed = (Label, MaxLen) => ({ ContentType: 'b', Label, LenType: 'fixed', MaxLen })
// Where their table differs from the standard's lengths.
const FORMATS = {
  53: { ContentType: 'n', Label: 'Security related control information', LenType: 'fixed', MaxLen: 16 },
  64: fixed('Message authentication code', 16),
}

function nanoseconds(work) {
  const batches = Array.from({ length: BATCHES }, () => {
    const started = process.hrtime.bigint()
    for (let round = 0; round < ROUNDS; round += 1) work()
    return Number(process.hrtime.bigint() - started) / ROUNDS
  })
  return batches.sort((a, b) => a - b)[BATCHES >> 1]
}

const { mti, fields } = JSON.parse(readFileSync(new URL('purchase.json', import.meta.url), 'utf8'))
const written = () => new Iso8583({ 0: mti, ...fields }, FORMATS).getBufferMessage()
const sample = written()
if (!Buffer.isBuffer(sample)) throw new Error(`iso_8583 does not write it: ${JSON.stringify(sample)}`)
const read = () => new Iso8583({}, FORMATS).getIsoJSON(sample)
if (read().error) throw new Error(`iso_8583 does not read it: ${JSON.stringify(read())}`)
const pack = nanoseconds(written)
const unpack = nanoseconds(read)
// They put the length in two bytes in front.
console.log(`${pack.toFixed(0)} ${unpack.toFixed(0)} ${sample.subarray(2).toString('hex').toUpperCase()}`)
