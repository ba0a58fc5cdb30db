import { expect, it } from 'vitest'
import { fingerprint, isCreditCode, isIdentityNumber, isMobile } from './check'

const NOW = Date.parse('2026-11-26T00:00:00Z')

it('takes identity numbers whose check digit and day are right', () => {
  for (const right of [
    '110101180001010015',
    '11010118000104002x',
    '830000180001010012',
    '911840180001010018',
  ])
    expect(isIdentityNumber(right, NOW), right).toBe(true)
  for (const wrong of ['', '110101180001010016', '110101190002290011', '92110101MA0TXXX2XP'])
    expect(isIdentityNumber(wrong, NOW), wrong).toBe(false)
  // A day that is still to come.
  expect(isIdentityNumber('110101180001010015', Date.parse('1799-12-01T00:00:00Z'))).toBe(false)
})

it('takes credit codes whose last character checks the others', () => {
  for (const right of [
    '91110101MA0TXXX113',
    '92110101ma0txxx2xp',
    'N2110101MA0TXXX62T',
    '91110101MA0T001690',
  ])
    expect(isCreditCode(right), right).toBe(true)
  for (const wrong of ['', '91110101MA0TXXX114', '9111O101MA0TXXX113', '91110101MA0TXXX11'])
    expect(isCreditCode(wrong), wrong).toBe(false)
})

it('takes mobile numbers however they are typed', () => {
  for (const right of ['13800138000', '+86 138 0013 8000', '138-0013-8000'])
    expect(isMobile(right)).toBe(true)
  for (const wrong of ['', '12800138000', '1380013800', '+85 13800138000'])
    expect(isMobile(wrong)).toBe(false)
})

it('tells a file by its SHA-256', async () => {
  expect(await fingerprint(new Blob([]))).toBe(
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  )
})
