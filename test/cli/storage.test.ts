/** `headgate migrate storage`: from a definition that stored another version to ours, with nothing lost on the way. */
import { expect, test } from 'vitest'
import type { CustomResourceDefinition } from '#core/k8s/definition.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { definitions } from '#doors/definitions.ts'
import { sharedGround } from './ground.ts'

const ground = sharedGround()
const name = 'rollouts.kulta.io'
const at = { name }

const rollout = {
  apiVersion: 'kulta.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'cart', namespace: 'default' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'cart' } },
    template: {
      metadata: { labels: { app: 'cart' } },
      spec: { containers: [{ name: 'app', image: 'cart:v1' }] },
    },
    strategy: { simple: {} },
  },
}

test('objects are stored anew, and the former version goes off the list', async () => {
  const { api } = ground().cluster
  const versions = definitions.find(({ metadata }) => metadata.name === name)?.spec.versions ?? []
  const stores = async (version: string): Promise<void> => {
    const changed = versions.map((one) => ({ ...one, storage: one.name === version }))
    await api.patch(kinds.customResourceDefinition, at, 'merge', { spec: { versions: changed } })
  }
  const stored = async (): Promise<readonly string[]> => {
    const { status } = await api.get<CustomResourceDefinition>(kinds.customResourceDefinition, at)
    return status?.storedVersions ?? []
  }
  await stores('v1alpha1')
  await api.create({ ...kinds.rollout, version: 'v1alpha1' }, rollout)
  await stores('v1beta1')
  expect([...(await stored())].sort()).toEqual(['v1alpha1', 'v1beta1'])
  const before = await api.get<KubeObject>(kinds.rollout, { namespace: 'default', name: 'cart' })

  const { code, out, err } = await ground().run('migrate storage')
  expect([code, err]).toEqual([0, ''])
  expect(out).toContain(`${name}: 1 object is stored as v1beta1 now, no longer as v1alpha1`)
  expect(out).toContain('releases.headgate.dev: all is stored as v1alpha1')
  expect(await stored()).toEqual(['v1beta1'])
  const after = await api.get<KubeObject>(kinds.rollout, { namespace: 'default', name: 'cart' })
  expect({ ...after, metadata: after.metadata.uid }).toMatchObject({
    spec: (before as typeof rollout).spec,
    metadata: before.metadata.uid,
  })
  const again = await ground().run('migrate storage')
  expect(again.out).toContain(`${name}: all is stored as v1beta1`)
})
