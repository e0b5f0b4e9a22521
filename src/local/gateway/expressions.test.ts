/** Expressions of routes: anchoring, what RE2 does not have, and those that would take for ever. */
import { describe, expect, test } from 'vitest'
import { type Anchoring, expression } from './expressions.ts'

describe('anchoring', () => {
  const rows: readonly (readonly [string, Anchoring, string, boolean])[] = [
    ['a|bc', 'whole', 'bc', true],
    ['a|bc', 'whole', 'abc', false],
    ['/a', 'start', '/abc', true],
    ['/a', 'start', 'x/abc', false],
    ['b', 'anywhere', 'abc', true],
    ['(?i)abc', 'whole', 'ABC', true],
    ['(?P<name>a)b', 'whole', 'ab', true],
    ['(?i)[a-f]+\\d\\W(?<x>q)\\x41', 'whole', 'aFF0-QA', true],
    ['(?i)[a-f]+\\d', 'whole', 'aGx', false],
  ]
  for (const [source, anchoring, text, is] of rows) {
    test(`${source} ${anchoring} ${text}`, () => {
      expect(expression(source, anchoring).test(text)).toBe(is)
    })
  }
})

describe('refused', () => {
  for (const source of ['(', '(?=a)b', '(?<!a)b', '(a)\\1', '(?<n>a)\\k<n>']) {
    test(source, () => expect(() => expression(source, 'whole')).toThrow(SyntaxError))
  }
})

describe('nested repetitions end soon', () => {
  const text = `${'a'.repeat(40)}!`
  for (const source of ['(a+)+', '(a|a)*b', '(.*;\\s*)?(a*)*c', '(?i)(A+)+']) {
    test(source, () => {
      const startedAt = performance.now()
      expect(expression(source, 'whole').test(text)).toBe(false)
      expect(performance.now() - startedAt).toBeLessThan(500)
    })
  }
})
