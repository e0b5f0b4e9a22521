/** Every manifest under examples/ is taken by the API server and comes to its end. */
import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { Actor, sharedStage } from './stage.ts'

const stage = sharedStage()

const objects = globSync('examples/**/*.yaml', {
  exclude: ['examples/kulta/**', 'examples/canaryapp/**'],
})
  .sort()
  .flatMap((path) =>
    parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS() as KubeObject),
  )

test('the examples are applied and their releases serve', async () => {
  expect(objects.length).toBeGreaterThan(0)
  for (const object of objects) {
    const kind = Object.values(kinds as Readonly<Record<string, Kind>>).find(
      (one) => one.kind === object.kind,
    )
    expect(kind, object.kind).toBeDefined()
    await stage().local.cluster.create(kind as Kind, object)
  }
  for (const { kind, metadata } of objects) {
    if (kind === 'Release') await new Actor(stage(), metadata.name).comesTo('Completed')
  }
})
