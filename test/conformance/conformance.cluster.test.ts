/** A real kube-apiserver, live: it still answers as the golden traces say, and the local one as it does. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemPorts } from '#kube/system.ts'
import type { Case } from './case.ts'
import { allCases } from './cases/all.ts'
import { differences } from './compare.ts'
import { count, told } from './count.ts'
import { readGolden } from './golden.ts'
import { unknown } from './known.ts'
import { localTarget } from './local-target.ts'
import type { Outcome } from './normalise.ts'
import { playAll, replayed } from './play.ts'
import { realTarget } from './real-target.ts'
import type { OpenTarget } from './target.ts'

let real: OpenTarget
let local: OpenTarget
let live: ReadonlyMap<string, readonly Outcome[] | Error>

beforeAll(async () => {
  const ports = systemPorts()
  ;[real, local] = await Promise.all([realTarget(ports), localTarget(ports)])
  live = await playAll(real, allCases, 6)
})
afterAll(async () => {
  await Promise.all([real.close(), local.close()])
})

const casesOf = (ids: Iterable<string>): readonly Case[] => {
  const wanted = new Set(ids)
  return allCases.filter(({ id }) => wanted.has(id))
}

test('the real server answers as it did when the traces were recorded', async () => {
  const golden = readGolden()
  const changed = (): readonly (readonly [string, readonly string[]])[] =>
    allCases.flatMap(({ id }) => {
      const lines = differences(golden.get(id) ?? [], live.get(id))
      return lines.length === 0 ? [] : [[id, lines] as const]
    })
  live = await replayed(real, live, casesOf(changed().map(([id]) => id)))
  expect(changed()).toEqual([])
})

test('the local server answers as the real one does now', async () => {
  let ours = await playAll(local, allCases, 4)
  const differing = casesOf(count(live, ours).different.keys())
  live = await replayed(real, live, differing)
  ours = await replayed(local, ours, differing)
  const found = count(live, ours)
  console.log(told(found))
  expect(unknown(found.different)).toEqual({})
})
