/** The local API server answers as a real one did: every case against its golden trace. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemPorts } from '#kube/system.ts'
import { allCases } from './cases/all.ts'
import { type Count, count, told } from './count.ts'
import { readGolden } from './golden.ts'
import { unknown } from './known.ts'
import { localTarget } from './local-target.ts'
import { playAll, replayed } from './play.ts'
import type { OpenTarget } from './target.ts'

let target: OpenTarget
let found: Count

beforeAll(async () => {
  target = await localTarget(systemPorts())
  const golden = readGolden()
  const traces = await playAll(target, allCases, 4)
  const { different } = count(golden, traces)
  const differing = allCases.filter(({ id }) => different.has(id))
  found = count(golden, await replayed(target, traces, differing))
  console.log(told(found))
}, 120_000)
afterAll(() => target.close())

test('there are at least 400 cases, each of its own name', () => {
  expect(new Set(allCases.map(({ id }) => id)).size).toBe(allCases.length)
  expect(allCases.length).toBeGreaterThanOrEqual(400)
})

test('no case differs from what a real server answered, but those that are known', () => {
  expect(unknown(found.different)).toEqual({})
})

test('docs/conformance.md has the count', () => {
  const page = readFileSync(new URL('../../docs/conformance.md', import.meta.url), 'utf8')
  // Columns are aligned by whoever formats the page.
  const text = page.replaceAll(/ +/g, ' ')
  expect(text).toContain(`| ${found.equal} | ${found.lacking} | ${found.different.size} |`)
})
