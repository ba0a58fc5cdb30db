import { describe, expect, it } from 'vitest'
import { readLabel } from '@/scan/label'
import { qr } from './qr'
import { addressOf, isHereOnly, sheetsOf, tailOf } from './sheet'

describe('a label of ours', () => {
  it('is read back as the terminal it was printed for', () => {
    const text = addressOf('https://pos.example', '30501101')
    expect(text).toBe('https://pos.example/report/30501101')
    expect(readLabel({ text }, 'https://pos.example')).toEqual({ label: { terminal_id: '30501101' } })
  })

  it('shows the end of a serial number only', () => {
    expect(tailOf('YZ9030495193')).toBe('…495193')
    expect(tailOf('495193')).toBe('495193')
  })

  it('has the three corners of a QR code, and its timing marks', () => {
    const { size, path } = qr('https://pos.example/report/30501101')
    expect(size).toBe(29)
    for (const corner of [`M0 0h7v1H0z`, `M${size - 7} 0h7v1H${size - 7}z`, `M0 ${size - 1}h7v1H0z`])
      expect(path).toContain(corner)
    expect(path).toContain('M8 6h1v1H8z')
  })
})

describe('sheets', () => {
  const labels = Array.from({ length: 30 }, (_, place) => place)
  it('hold 24 labels, after those already used', () => {
    expect(sheetsOf(labels, 0).map((one) => one.length)).toEqual([24, 6])
    expect(sheetsOf(labels, 23).map((one) => one.length)).toEqual([24, 24, 5])
    expect(sheetsOf(labels, 3)[0]!.slice(2, 5)).toEqual([null, 0, 1])
  })
  it('are none without labels', () => expect(sheetsOf([], 5)).toEqual([]))
})

describe('an address that only this computer finds', () => {
  it.each([
    ['localhost', true],
    ['127.0.0.1', true],
    ['[::1]', true],
    ['192.168.1.20', false],
    ['pos.example', false],
    ['localhost.example', false],
  ])('%s: %s', (name, here) => expect(isHereOnly(name)).toBe(here))
})
