// As much of the terminals' language as these tests speak: a forged sign-in, and a host that answers as it is told.
import { createCipheriv } from 'node:crypto'
import { createServer, connect } from 'node:net'

const TPDU_AND_HEADER = Buffer.from('6000030000613100311108', 'hex')
const MESSAGE = TPDU_AND_HEADER.length
/** Bytes of the fields up to 39: a number, or what its one or two bytes of length count. */
const WIDTHS = {
  3: 3,
  4: 6,
  11: 3,
  12: 3,
  13: 2,
  14: 2,
  15: 2,
  22: 2,
  23: 2,
  25: 1,
  26: 1,
  37: 12,
  38: 6,
  39: 2,
}
const DIGITS = { 2: 1, 32: 1, 35: 1, 36: 2 }

const framed = (message) => {
  const body = Buffer.concat([TPDU_AND_HEADER, message])
  return Buffer.concat([Buffer.from([body.length >> 8, body.length & 255]), body])
}

const bitmap = (fields) => {
  const bits = Buffer.alloc(8)
  for (const field of fields) bits[(field - 1) >> 3] |= 128 >> ((field - 1) & 7)
  return bits
}

/** A sign-in that anybody who has seen a receipt can send: it carries no MAC. */
export function forgedSignIn({ terminal_id, merchant_id }, trace) {
  const bcd = (digits) => Buffer.from(digits, 'hex')
  return framed(
    Buffer.concat([
      bcd('0800'),
      bitmap([11, 41, 42, 60, 63]),
      bcd(String(trace).padStart(6, '0')),
      Buffer.from(terminal_id + merchant_id),
      bcd('0011'),
      bcd('000000010030'),
      bcd('0003'),
      Buffer.from('01 '),
    ]),
  )
}

/** A reversal of a sale of ¥20.00 that anybody can send in a terminal's name: its MAC is none. */
export function forgedReversal({ terminal_id, merchant_id }, trace) {
  const bcd = (digits) => Buffer.from(digits, 'hex')
  return framed(
    Buffer.concat([
      bcd('0400'),
      bitmap([3, 4, 11, 25, 39, 41, 42, 49, 60, 64]),
      bcd('000000'),
      bcd('000000002000'),
      bcd(String(trace).padStart(6, '0')),
      bcd('00'),
      Buffer.from('98' + terminal_id + merchant_id + '156'),
      bcd('0008'),
      bcd('22000001'),
      Buffer.alloc(8),
    ]),
  )
}

/** Sends these frames and waits until each has its answer. */
export function ask(address, frames) {
  const [host, port] = address.split(':')
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host, () => socket.write(Buffer.concat(frames)))
    let left = frames.length
    eachFrame(socket, () => --left || socket.end(resolve))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`closed with ${left} answers to come`)))
  })
}

/**
 * A host that is silent to payments, so that each is owed a reversal, and answers reversals with `says`.
 * @returns {Promise<{address: string, says: string, stop(): Promise<void>}>}
 */
export async function startHost(mac_key) {
  const sockets = new Set()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    eachFrame(socket, (frame) => {
      if (frame.readUInt16BE(MESSAGE) === 0x0400) socket.write(answered(frame, host.says, mac_key))
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = {
    address: `127.0.0.1:${server.address().port}`,
    says: '96',
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve)
        for (const socket of sockets) socket.destroy()
      }),
  }
  return host
}

function eachFrame(socket, act) {
  let held = Buffer.alloc(0)
  socket.on('data', (more) => {
    held = Buffer.concat([held, more])
    while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
      const end = 2 + held.readUInt16BE(0)
      const frame = held.subarray(2, end)
      held = held.subarray(end)
      if (frame.length > MESSAGE) act(frame)
    }
  })
}

/** The reversal's own fields back, with that code and a MAC. */
function answered(frame, code, mac_key) {
  const message = Buffer.from(frame.subarray(MESSAGE))
  message.writeUInt16BE(0x0410, 0)
  Buffer.from(code).copy(message, placeOf39(message))
  mac(mac_key, message.subarray(0, -8)).copy(message, message.length - 8)
  return framed(message)
}

function placeOf39(message) {
  const has = (field) => message[2 + ((field - 1) >> 3)] & (128 >> ((field - 1) & 7))
  let place = 10
  for (let field = 2; field < 39; field++) {
    if (!has(field)) continue
    const prefix = DIGITS[field] ?? 0
    const digits = prefix && Number(message.subarray(place, place + prefix).toString('hex'))
    place += prefix + (prefix ? Math.ceil(digits / 2) : WIDTHS[field])
  }
  return place
}

/** UnionPay's ECB form under a key of 16 bytes: field 64 of a message without it. */
function mac(key, data) {
  const folded = Buffer.alloc(8)
  data.forEach((byte, at) => (folded[at % 8] ^= byte))
  const digits = Buffer.from(folded.toString('hex').toUpperCase())
  const encrypt = (block) => {
    const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([key, key.subarray(0, 8)]), null)
    return cipher.setAutoPadding(false).update(block)
  }
  const first = encrypt(digits.subarray(0, 8))
  const last = encrypt(first.map((byte, at) => byte ^ digits[8 + at]))
  return Buffer.from(last.toString('hex').toUpperCase().slice(0, 8))
}
