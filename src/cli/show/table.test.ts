/** Tables, ages, lines and trees, as they come to a terminal. */
import { describe, expect, test } from 'vitest'
import { age } from './age.ts'
import { table } from './table.ts'
import { fitted, harmless } from './terminal.ts'
import { treeRows } from './tree.ts'

test('columns are aligned by what is seen, not by colours', () => {
  const painted = { text: 'Failed', painted: '\x1b[31mFailed\x1b[39m' }
  expect(
    table(
      ['A', 'PHASE', 'Z'],
      [
        ['long one', painted, 'z'],
        ['b', 'Completed', ''],
      ],
    ),
  ).toEqual([
    'A          PHASE       Z',
    'long one   \x1b[31mFailed\x1b[39m      z',
    'b          Completed',
  ])
})

test('what a name or a message says to the terminal is shown, not obeyed', () => {
  expect(harmless('a\x1b[2Jb\u202ec\rd')).toBe(String.raw`a\u001b[2Jb\u202ec\u000dd`)
  expect(table(['A'], [['x\x1b]0;y\x07']])[1]).toBe(String.raw`x\u001b]0;y\u0007`)
})

test('a line is cut at the edge, and its colours end all the same', () => {
  expect(fitted('\x1b[31mred and more\x1b[39m', 6)).toBe('\x1b[31mred a\x1b[39m…')
  expect(fitted('short', 6)).toBe('short')
  expect(fitted('long enough', undefined)).toBe('long enough')
})

test('a tree is drawn with lines', () => {
  const leaf = (name: string) => ({ cells: [name], under: [] })
  const tree = { cells: ['a'], under: [{ cells: ['b'], under: [leaf('c'), leaf('d')] }, leaf('e')] }
  expect(treeRows(tree).flat()).toEqual(['a', '├─ b', '│  ├─ c', '│  └─ d', '└─ e'])
})

describe('ages as kubectl writes them', () => {
  const [s, m, h, d] = [1000, 60_000, 3_600_000, 86_400_000]
  const rows: readonly (readonly [number, string])[] = [
    [-5, '0s'],
    [119 * s, '119s'],
    [2 * m, '2m'],
    [5 * m + 30 * s, '5m30s'],
    [45 * m, '45m'],
    [3 * h + 12 * m, '3h12m'],
    [20 * h, '20h'],
    [2 * d + 4 * h, '2d4h'],
    [30 * d, '30d'],
  ]
  for (const [ms, text] of rows) test(text, () => expect(age(ms)).toBe(text))
})
