import { describe, expect, it } from 'vitest'
import {
  commitment,
  hex,
  isSigned,
  leafHash,
  readCheckpoint,
  readProof,
  rootFrom,
  verify,
  type Step,
} from './verify'

const KEY = 'tillguard.example/audit+a98d2cf1+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4'
const SIGNATURE =
  'qY0s8VUQwtFHz34aVzaaSjDu9cAzF1llbuoR4AznYFpR4hZDtSRRR1iJhja4CB/KzAlbgno4WRkzzsn0e8j9G/e+tAs='
const NOTE = `tillguard.example/audit
8
XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=

\u2014 tillguard.example/audit ${SIGNATURE}
`
const bytes = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16))
const base64 = (data: Uint8Array) => btoa(String.fromCharCode(...data))
const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
]

/** The proof of a leaf in the tree of the eight published ones. */
async function proofOf(index: number, note = NOTE): Promise<string> {
  let level = await Promise.all(LEAVES.map((leaf) => leafHash(bytes(leaf))))
  const hashes: Uint8Array[] = []
  for (let at = index; level.length > 1; at >>= 1) {
    hashes.push(level[at ^ 1]!)
    const above: Uint8Array<ArrayBuffer>[] = []
    for (let left = 0; left < level.length; left += 2) {
      const both = Uint8Array.of(1, ...level[left]!, ...level[left + 1]!)
      above.push(new Uint8Array(await crypto.subtle.digest('SHA-256', both)))
    }
    level = above
  }
  return `c2sp.org/tlog-proof@v1\nindex ${index}\n${hashes.map((one) => `${base64(one)}\n`).join('')}\n${note}`
}

describe('the audit log', () => {
  it('leads every published leaf to the published root', async () => {
    for (const [index, leaf] of LEAVES.entries()) {
      const proof = readProof(await proofOf(index))
      const root = await rootFrom(await leafHash(bytes(leaf)), proof)
      expect(hex(root!)).toBe('5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328')
    }
  })

  it('knows its key, and no other', async () => {
    expect(await isSigned(readCheckpoint(NOTE), KEY)).toBe(true)
    expect(await isSigned(readCheckpoint(NOTE), KEY.replace('a98d2cf1', 'a98d2cf2'))).toBe(false)
    const other = NOTE.replace('Xcna', 'Xcnb')
    expect(await isSigned(readCheckpoint(other), KEY)).toBe(false)
    expect(() => readCheckpoint(NOTE.replace('\n8\n', '\n08\n'))).toThrow()
    expect(() => readProof('c2sp.org/tlog-proof@v2\nindex 0\n\n' + NOTE)).toThrow()
  })

  it('finds out which step is wrong', async () => {
    const leaf = base64(bytes(LEAVES[7]!))
    const record = { index: 7, leaf, actor: null, salt: 's', text: null, text_salt: null }
    const steps: Step[] = []
    // The published leaves are no JSON: the last steps cannot be reached.
    await expect(verify(record, await proofOf(7), KEY, (step) => steps.push(step))).rejects.toThrow()
    expect(steps.map((step) => step.end)).toEqual(['right', 'right', 'right'])
    steps.length = 0
    const changed = { ...record, leaf: base64(Uint8Array.of(1)) }
    await expect(verify(changed, await proofOf(7), KEY, (step) => steps.push(step))).rejects.toThrow()
    expect(steps.map((step) => step.end)).toEqual(['right', 'wrong', 'right'])
    expect(await commitment('00', 'a')).toBe(await commitment('00', 'a'))
    expect(await commitment('00', 'a')).not.toBe(await commitment('01', 'a'))
  })
})
