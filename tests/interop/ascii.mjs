// Our ASCII profile with binary bitmaps against npm's iso_8583, in both directions.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { deepStrictEqual } from 'node:assert'
import Iso8583 from 'iso_8583'

const PROFILE = 'ascii-binary'
const BINARY = new Set(['52', '64', '128'])
// Where their table differs from the standard's lengths.
const FORMATS = {
  53: { ContentType: 'n', Label: 'Security related control information', LenType: 'fixed', MaxLen: 16 },
  64: { ContentType: 'b', Label: 'Message authentication code', LenType: 'fixed', MaxLen: 16 },
  128: { ContentType: 'b', Label: 'Message authentication code', LenType: 'fixed', MaxLen: 16 },
}

/** Our program: one line in, one line out. */
function ours(verb, lines) {
  const done = spawnSync(process.env.ASCII_INTEROP, [verb, '--profile', PROFILE], {
    input: lines.join('\n') + '\n',
    encoding: 'utf8',
    timeout: 60_000,
  })
  if (done.status !== 0) throw new Error(`${verb} failed: ${done.error ?? done.stdout + done.stderr}`)
  const answers = done.stdout.trimEnd().split('\n')
  if (answers.length !== lines.length) throw new Error(`${verb}: ${lines.length} in, ${answers.length} out`)
  return answers
}

function pack(messages) {
  const word = ([n, value]) => `${n}=${BINARY.has(n) ? 'hex:' : ''}${value}`
  return ours('pack', messages.map(({ mti, fields }) => [mti, ...Object.entries(fields).map(word)].join(' ')))
}

function unpack(packed) {
  return ours('unpack', packed).map((line) => {
    const [mti, ...words] = line.split(' ')
    const field = (word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]
    const plain = ([n, value]) => [n, value.startsWith('hex:') ? value.slice(4).toUpperCase() : value]
    return { mti, fields: Object.fromEntries(words.map(field).map(plain)) }
  })
}

function theirBytes({ mti, fields }) {
  const packed = new Iso8583({ 0: mti, ...fields }, FORMATS).getBufferMessage()
  if (!Buffer.isBuffer(packed)) throw new Error(`iso_8583 does not write ${mti}: ${JSON.stringify(packed)}`)
  // They put the length in two bytes in front.
  return packed.subarray(2)
}

function theirFields(bytes) {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  const read = new Iso8583({}, FORMATS).getIsoJSON(Buffer.concat([length, bytes]))
  if (read.error) throw new Error(`iso_8583 does not read it: ${JSON.stringify(read)}`)
  const { 0: mti, ...fields } = read
  for (const n of BINARY) if (fields[n] !== undefined) fields[n] = fields[n].toUpperCase()
  return { mti, fields }
}

const messages = JSON.parse(readFileSync(new URL('ascii.messages.json', import.meta.url), 'utf8'))
const theirs = messages.map(theirBytes)
deepStrictEqual(unpack(theirs.map((bytes) => bytes.toString('hex'))), messages)
console.log(`iso_8583 writes, we read: ${messages.length} messages agree`)
const packed = pack(messages).map((hex) => Buffer.from(hex, 'hex'))
deepStrictEqual(packed.map(theirFields), messages)
console.log(`we write, iso_8583 reads: ${messages.length} messages agree`)
// They send a second bitmap even when it is empty, which may be left out; where it has a field the bytes are the same.
const full = messages.flatMap(({ fields }, index) => (Object.keys(fields).some((n) => n > 64) ? [index] : []))
deepStrictEqual(full.map((index) => packed[index].toString('hex')), full.map((index) => theirs[index].toString('hex')))
console.log(`the same bytes: ${full.length} messages with fields above 64 agree`)
