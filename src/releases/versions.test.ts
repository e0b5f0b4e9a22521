/** Sentences that name revisions also name what they run. */
import { expect, test } from 'vitest'
import type { Entry } from './entry.ts'
import type { RevisionPart } from './parts.ts'
import { versionsOf, withVersions } from './versions.ts'

const template = (image: string) => ({ spec: { containers: [{ name: 'app', image }] } })

const entry = (phase = 'Progressing'): Entry =>
  ({
    app: { template: template('shop:v3'), plan: { candidates: [{ role: 'canary' }] } },
    book: {
      phase,
      failed: [{ revision: 'cccccccccc' }],
      roles: [
        { role: 'canary', revision: 'bbbbbbbbbb', image: 'shop:v2' },
        { role: 'stable', revision: 'aaaaaaaaaa', image: 'shop:v1' },
        { role: 'odd', revision: '', image: '' },
      ],
    },
  }) as unknown as Entry

const former = {
  revision: 'dddddddddd',
  workloads: [{ object: { spec: { template: template('shop:v0') } }, pods: [] }],
} as unknown as RevisionPart

const rows: readonly (readonly [string, string, string])[] = [
  [
    'each of them',
    'revision bbbbbbbbbb goes on trial beside aaaaaaaaaa',
    'revision bbbbbbbbbb (v2) goes on trial beside aaaaaaaaaa (v1)',
  ],
  ['before a colon', 'aaaaaaaaaa: good', 'aaaaaaaaaa (v1): good'],
  ['a former one', 'dddddddddd serves', 'dddddddddd (v0) serves'],
  ['one that nobody knows', 'eeeeeeeeee serves', 'eeeeeeeeee serves'],
  ['a part of a longer word', 'shop-aaaaaaaaaa is there', 'shop-aaaaaaaaaa is there'],
  ['none', 'step 2 waits', 'step 2 waits'],
]
for (const [name, given, told] of rows)
  test(`names what a revision runs: ${name}`, () =>
    expect(withVersions(given, versionsOf(entry(), [former]))).toBe(told))

test('what failed runs what is asked for, once it has failed', () => {
  const said = (phase: string): string =>
    withVersions('revision cccccccccc was turned back', versionsOf(entry(phase)))
  expect(said('Failed')).toBe('revision cccccccccc (v3) was turned back')
  expect(said('Progressing')).toBe('revision cccccccccc was turned back')
})
