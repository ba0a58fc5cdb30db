import { expect, test } from 'vitest'
import { bytes, text } from './passkey'

test('bytes travel in base64url without padding', () => {
  for (const [plain, written] of [
    [[], ''],
    [[0xfb], '-w'],
    [[0xff, 0xef], '_-8'],
    [[0, 1, 2], 'AAEC'],
  ] as const) {
    expect(text(new Uint8Array(plain).buffer)).toBe(written)
    expect([...bytes(written)]).toEqual([...plain])
  }
})
