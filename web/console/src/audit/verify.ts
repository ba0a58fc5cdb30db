/**
 * Verifying a record of the audit log here, in the browser: the leaf's bytes lead by the proof's hashes to the root
 * that the checkpoint says, and the checkpoint is signed by the log's key (RFC 6962, C2SP tlog-proof and signed-note,
 * Ed25519).
 *
 * Invariant: nothing is believed that can be computed; a step that cannot be done here is not called done.
 */

export interface Proof {
  index: bigint
  hashes: Uint8Array[]
  checkpoint: Checkpoint
}

export interface Checkpoint {
  origin: string
  size: bigint
  root: Uint8Array
  /** What was signed. */
  text: string
  signer: string
  signature: Uint8Array
}

type Bytes = Uint8Array<ArrayBuffer>

export const utf8 = (text: string): Bytes => new TextEncoder().encode(text)

export function fromBase64(text: string): Bytes {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0))
  if (btoa(String.fromCharCode(...bytes)) !== text) throw new Error('base64')
  return bytes
}

export const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

const same = (a: Uint8Array, b: Uint8Array) => hex(a) === hex(b)

/** Whether this browser computes digests here: not over plain HTTP from another machine. */
export const canHash = (): boolean => typeof crypto !== 'undefined' && crypto.subtle !== undefined

async function sha256(...parts: Uint8Array[]): Promise<Bytes> {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', all))
}

export const leafHash = (leaf: Uint8Array): Promise<Bytes> => sha256(Uint8Array.of(0), leaf)
const nodeHash = (left: Uint8Array, right: Uint8Array) => sha256(Uint8Array.of(1), left, right)

/** A salted digest, as a leaf has it of what may be personal. */
export const commitment = async (salt: string, text: string): Promise<string> =>
  hex(await sha256(utf8(salt + text)))

function hash(text: string | undefined): Bytes {
  const bytes = fromBase64(text ?? '')
  if (bytes.length !== 32) throw new Error('hash')
  return bytes
}

export function readCheckpoint(note: string): Checkpoint {
  const end = note.lastIndexOf('\n\n')
  const text = note.slice(0, end + 1)
  const [origin, size, root, rest] = text.split('\n')
  const signed = /^\u2014 (\S+) (\S+)\n$/.exec(note.slice(end + 2))
  if (end < 0 || !origin || !signed || rest !== '' || !/^(0|[1-9]\d*)$/.test(size ?? ''))
    throw new Error('note')
  return {
    origin,
    size: BigInt(size!),
    root: hash(root),
    text,
    signer: signed[1]!,
    signature: fromBase64(signed[2]!),
  }
}

export function readProof(file: string): Proof {
  const end = file.indexOf('\n\n')
  const [header, index, ...hashes] = file.slice(0, end).split('\n')
  const number = /^index (0|[1-9]\d*)$/.exec(index ?? '')
  if (header !== 'c2sp.org/tlog-proof@v1' || !number) throw new Error('proof')
  return {
    index: BigInt(number[1]!),
    hashes: hashes.map(hash),
    checkpoint: readCheckpoint(file.slice(end + 2)),
  }
}

/** The root that the hashes lead to from a leaf's (RFC 9162, 2.1.3.2); null where they are too many or too few. */
export async function rootFrom(leaf: Uint8Array, proof: Proof): Promise<Uint8Array | null> {
  let node = proof.index
  let last = proof.checkpoint.size - 1n
  if (node > last) return null
  let hash = leaf
  for (const other of proof.hashes) {
    if (last === 0n) return null
    if (node % 2n === 1n || node === last) {
      hash = await nodeHash(other, hash)
      while (node % 2n === 0n && node !== 0n) [node, last] = [node / 2n, last / 2n]
    } else hash = await nodeHash(hash, other)
    ;[node, last] = [node / 2n, last / 2n]
  }
  return last === 0n ? hash : null
}

/** Whether a checkpoint is signed by that key; null where this browser does not know Ed25519. */
export async function isSigned(checkpoint: Checkpoint, vkey: string): Promise<boolean | null> {
  const [name, id, key] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey.trim())?.slice(1) ?? []
  if (!name || !key) return false
  const typed = fromBase64(key)
  const own = hex(await sha256(utf8(name), Uint8Array.of(10), typed)).slice(0, 8)
  const { signer, origin, signature, text } = checkpoint
  const fits = typed[0] === 1 && own === id && signer === name && origin === name
  if (!fits || hex(signature.subarray(0, 4)) !== id || signature.length !== 68) return false
  let imported: CryptoKey
  try {
    imported = await crypto.subtle.importKey('raw', typed.slice(1), 'Ed25519', false, ['verify'])
  } catch {
    return null
  }
  return crypto.subtle.verify('Ed25519', imported, new Uint8Array(signature.slice(4)), utf8(text))
}

export type StepName = 'leaf' | 'path' | 'signature' | 'who' | 'text'
/** Done well, not well, not to be done here, or there is nothing to do. */
export type StepEnd = 'right' | 'wrong' | 'impossible' | 'nothing'
export interface Step {
  name: StepName
  end: StepEnd
  /** What was computed, or what it was compared with. */
  shown: string
}

export interface Shown {
  index: number
  leaf: string
  actor: string | null
  salt: string
  text: string | null
  text_salt: string | null
}

/** Takes the steps one after the other, and tells of each when it is done. */
export async function verify(
  record: Shown,
  proof: string,
  vkey: string,
  told: (step: Step) => void,
): Promise<boolean> {
  let allRight = true
  const tell = (name: StepName, end: StepEnd, shown: string) => {
    allRight &&= end === 'right' || end === 'nothing'
    told({ name, end, shown })
  }
  const judged = (right: boolean): StepEnd => (right ? 'right' : 'wrong')
  const leaf = fromBase64(record.leaf)
  const own = await leafHash(leaf)
  const read = readProof(proof)
  tell('leaf', judged(read.index === BigInt(record.index)), hex(own))
  const root = await rootFrom(own, read)
  tell('path', judged(root !== null && same(root, read.checkpoint.root)), hex(read.checkpoint.root))
  const signed = await isSigned(read.checkpoint, vkey)
  tell('signature', signed === null ? 'impossible' : judged(signed), vkey.trim())
  const said = JSON.parse(new TextDecoder().decode(leaf)) as Record<string, unknown>
  if (record.actor === null) tell('who', 'nothing', '')
  else {
    const who = await commitment(record.salt, record.actor)
    tell('who', judged(said.actor_sha256 === who), who)
  }
  if (record.text === null || record.text_salt === null) tell('text', 'nothing', '')
  else {
    const text = await commitment(record.text_salt, record.text)
    tell('text', judged(said.text_sha256 === text), text)
  }
  return allRight
}
