import { expect, test } from 'vitest'
import { currencies, currencyHere, timeIn, zones } from './place'

test('the browser guesses what is paid in only where it says where it is', () => {
  expect(currencyHere(['zh-CN', 'en'])).toBe('CNY')
  expect(currencyHere(['zh'])).toBe('CNY')
  expect(currencyHere(['en', 'en-GB'])).toBe('GBP')
  expect(currencyHere(['en'])).toBe('')
  expect(currencyHere([])).toBe('')
})

test('each currency is offered once, the usual ones first', () => {
  const offered = currencies('en').map((one) => one.value)
  expect(offered.slice(0, 2)).toEqual(['CNY', 'HKD'])
  expect(new Set(offered).size).toBe(offered.length)
  expect(offered.length).toBe(155)
})

test('a zone the browser calls otherwise is among those offered', () => {
  expect(zones('Asia/Calcutta')).toContain('Asia/Calcutta')
  expect(timeIn('Asia/Shanghai', 'en', new Date('2026-11-26T04:05:00Z'))).toBe('12:05')
  expect(timeIn('Nowhere/At_All', 'en', new Date())).toBe('')
})
