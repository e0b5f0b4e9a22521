/** What is said of a release in few words. */
import { expect, test } from 'vitest'
import type { RoleState } from '#core/model/notebook.ts'
import type { Entry } from './entry.ts'
import { failedImage, shortImage, tagOf } from './facts.ts'

const digest = `sha256:${'1a2b3c4d'.repeat(8)}`
const rows: readonly (readonly [string, string])[] = [
  ['example/shop:v1', 'v1'],
  ['registry.example:5000/team/shop:2026-01-01', '2026-01-01'],
  ['registry.example:5000/team/shop', 'shop'],
  [`example/shop:v1@${digest}`, 'v1'],
  [`example/shop@${digest}`, '1a2b3c4'],
  ['', ''],
]
for (const [image, short] of rows)
  test(`${image} is ${short}`, () => expect(shortImage(image)).toBe(short))

const entry = (phase: string): Entry =>
  ({
    app: { template: { spec: { containers: [{ name: 'app', image: 'shop:asked' }] } } },
    book: { phase },
  }) as unknown as Entry
const role = (name: string, image?: string): RoleState => ({
  ...{ role: name, revision: 'r', replicas: 1, ready: 1, wanted: 0, confirmed: 0 },
  image,
})

const tags: readonly (readonly [string, string, RoleState, string | undefined])[] = [
  ['what is on record', 'Progressing', role('stable', 'shop:v1'), 'v1'],
  ['without a record, at rest what is asked for', 'Completed', role('stable'), 'asked'],
  ['without a record, on the way nothing', 'Progressing', role('stable'), undefined],
  ['without a record, of a candidate nothing', 'Completed', role('canary'), undefined],
]
for (const [name, phase, of, tag] of tags)
  test(`the image of a role: ${name}`, () => expect(tagOf(entry(phase), of)).toBe(tag))

const failures: readonly (readonly [string, string, readonly object[], string | undefined])[] = [
  ['the one asked for', 'Failed', [{ role: 'canary' }], 'asked'],
  ['none while nothing has failed', 'Completed', [{ role: 'canary' }], undefined],
  ['unknown where candidates have their own', 'Failed', [{ role: 'red', own: {} }], undefined],
]
for (const [name, phase, candidates, image] of failures)
  test(`the version that failed: ${name}`, () => {
    const { app, book } = entry(phase)
    const plan = { candidates } as unknown as NonNullable<Entry['app']>['plan']
    expect(failedImage({ app: app && { ...app, plan }, book })).toBe(image)
  })
