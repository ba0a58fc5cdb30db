import { expect, it } from 'vitest'
import { another } from './editing'

it('begins another rule in shadow, under a name that none of them has', () => {
  const first = another([])
  expect([first.code, first.stage]).toEqual(['rule_1', 'shadow'])
  const rules = [
    { ...first, code: 'late_refund' },
    { ...first, code: 'rule_3' },
  ]
  expect(another(rules).code).toBe('rule_4')
})
