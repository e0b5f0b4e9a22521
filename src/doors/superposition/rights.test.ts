/** The documented rights are enough for the door's whole work, and it asks for none that are not there. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Release } from '#core/api/release.ts'
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { strictRules } from '#kube/address-guard.ts'
import type { Cluster } from '#kube/cluster.ts'
import { connectTo } from '#kube/connect.ts'
import type { Transport } from '#kube/http.ts'
import { type LogFacts, silentLog } from '#kube/log.ts'
import { reachThrough } from '#kube/reach.ts'
import { systemPorts } from '#kube/system.ts'
import { sendDirect } from '#kube/transport.ts'
import { type RunningApiServer, startApiServer } from '#local/api-server/start.ts'
import { established } from '#local/definitions.ts'
import { type LocalSuperposition, startSuperposition } from '#local/superposition/start.ts'
import { headgateDoor } from '../headgate/door.ts'
import { superpositionFace } from './entry.ts'
import { type Experiment, experimentKind } from './experiment.ts'
import { start } from './face.ts'

const ports = systemPorts()
let server: RunningApiServer
let admin: Cluster
let superposition: LocalSuperposition

const rbac = (kind: string, plural: string): Kind => ({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind,
  plural,
  namespaced: false,
})

beforeAll(async () => {
  server = await startApiServer({ ports })
  admin = connectTo(server.transport(), ports)
  superposition = await startSuperposition({ clock: ports.clock })
  const crds = [...headgateDoor.crds, ...superpositionFace.crds]
  for (const crd of crds) await admin.create(kinds.customResourceDefinition, crd)
  await established(
    admin,
    crds.map(({ metadata }) => metadata.name),
  )
  await admin.create(kinds.namespace, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'mumbai' },
  })
  const page = readFileSync('docs/doors/superposition.md', 'utf8')
  const text = /```yaml\n(apiVersion: rbac[\s\S]*?)```/.exec(page)?.[1] ?? ''
  await admin.create(rbac('ClusterRole', 'clusterroles'), parse(text) as KubeObject)
  await admin.create(rbac('ClusterRoleBinding', 'clusterrolebindings'), {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'door' },
    roleRef: {
      apiGroup: 'rbac.authorization.k8s.io',
      kind: 'ClusterRole',
      name: 'headgate-superposition',
    },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'door' }],
  } as KubeObject)
})
afterAll(async () => {
  await superposition.stop()
  await admin.close()
  await server.close()
})

test('M16, M17, M36, MD23: an experiment lives with the documented rights alone, each operation is logged, and no value of its configuration', async () => {
  const inner = server.transport({ name: 'door', groups: ['system:authenticated'] })
  const refusals: string[] = []
  const told: string[] = []
  const logged: string[] = []
  const hear = (facts: LogFacts, message: string): void => {
    told.push(message)
    logged.push(JSON.stringify(facts))
  }
  superposition.change({
    base: { replicas: 2, 'container.image': 'nginx:1', 'env.API_KEY': 'kept-to-itself' },
    overrides: [],
  })
  const transport: Transport = {
    ...inner,
    send: async (request, options) => {
      const answer = await inner.send(request, options)
      if (answer.status === 403) refusals.push(`${request.method} ${request.path}`)
      return answer
    },
  }
  const cluster = connectTo(transport, ports)
  const face = await start({
    cluster,
    clock: ports.clock,
    reach: reachThrough({ cluster, way: 'proxy', rules: strictRules, direct: sendDirect }),
    log: { ...silentLog, debug: hear, info: hear, warn: hear },
    address: { host: '127.0.0.1', port: 0 },
    options: {},
    env: { SUPERPOSITION_URL: superposition.url },
    instance: 'test',
  })
  face.lead(() => true)
  const say = async (name: string): Promise<void> => {
    const answer = await fetch(`http://127.0.0.1:${face.port}/hi`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: readFileSync(`examples/superposition/${name}.json`, 'utf8'),
    })
    expect([answer.status, await answer.json()]).toEqual([200, { message: 'deployment done!' }])
  }
  const release = () =>
    admin.list<Release>(kinds.release, { namespace: 'mumbai' }).then(({ items }) => items[0])
  await say('started')
  await expect
    .poll(async () => (await release())?.spec.strategy.commanded?.candidates[0]?.weight)
    .toBe(10)
  await admin.patch(kinds.release, { namespace: 'mumbai', name: 'nginxservice' }, 'merge', {
    spec: { replicas: 7 },
  })
  await say('in-progress')
  await expect
    .poll(async () => (await release())?.spec.strategy.commanded?.candidates[0]?.weight)
    .toBe(25)
  await expect.poll(async () => (await release())?.spec.replicas).toBe(2)
  await expect
    .poll(async () => (await admin.list<Experiment>(experimentKind)).items[0]?.status?.phase)
    .toBe('Progressing')
  await face.stop()
  await cluster.close()
  expect(refusals).toEqual([])
  const lines = [
    'ExperimentStarted recorded',
    'release created; its deployment, service and ingress follow',
    'ExperimentInprogress recorded',
    'release updated',
  ]
  expect(told).toEqual(expect.arrayContaining(lines))
  const { containers = [] } = (await release())?.spec.template.spec ?? {}
  expect(containers[0]?.env).toEqual([{ name: 'API_KEY', value: 'kept-to-itself' }])
  expect([...told, ...logged].join()).not.toContain('kept-to-itself')
})
