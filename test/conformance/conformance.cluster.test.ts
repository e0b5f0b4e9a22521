/** A real kube-apiserver, live: it still answers as the golden traces say, and the local one as it does. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemPorts } from '#kube/system.ts'
import { allCases } from './cases/all.ts'
import { differences } from './compare.ts'
import { count, told } from './count.ts'
import { readGolden } from './golden.ts'
import { unknown } from './known.ts'
import { localTarget } from './local-target.ts'
import type { Outcome } from './normalise.ts'
import { playAll } from './play.ts'
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

test('the real server answers as it did when the traces were recorded', () => {
  const golden = readGolden()
  const changed = allCases.flatMap(({ id }) => {
    const lines = differences(golden.get(id) ?? [], live.get(id))
    return lines.length === 0 ? [] : [[id, lines]]
  })
  expect(changed).toEqual([])
})

test('the local server answers as the real one does now', async () => {
  const found = count(live, await playAll(local, allCases, 4))
  console.log(told(found))
  expect(unknown(found.different)).toEqual({})
})
