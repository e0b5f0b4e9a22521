/** The manifests of the guide: taken by the API server, and their rights are enough, and no more than what is used. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { HttpRequest, Transport } from '#kube/http.ts'
import { systemPorts } from '#kube/system.ts'
import { type LocalCluster, startLocalCluster } from '#local/cluster.ts'
import { simulatedRuntime } from '#local/kubelet/simulated-runtime.ts'
import { type Bench, crds, openBench } from './bench.ts'
import { Client, descriptorOf } from './client.ts'
import { followSocket } from './follow.ts'

const guide = readFileSync('docs/doors/deployer.md', 'utf8')
const manifests = parseAllDocuments(/```yaml\n([\s\S]*?)```/.exec(guide)?.[1] ?? '').map(
  (document) => document.toJS() as KubeObject,
)
const rbac = (kind: string, plural: string, namespaced: boolean): Kind => ({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind,
  plural,
  namespaced,
})
const known: Readonly<Record<string, Kind>> = {
  ...Object.fromEntries(Object.values(kinds).map((kind) => [kind.kind, kind])),
  ClusterRole: rbac('ClusterRole', 'clusterroles', false),
  ClusterRoleBinding: rbac('ClusterRoleBinding', 'clusterrolebindings', false),
  Role: rbac('Role', 'roles', true),
  RoleBinding: rbac('RoleBinding', 'rolebindings', true),
}

let local: LocalCluster
let bench: Bench
beforeAll(async () => {
  const speed = 20
  bench = await openBench({
    speed,
    leads: false,
    options: { deployerProxysleep: '1s' },
    ground: async () => {
      const given = { crds, speed, runtime: simulatedRuntime(systemPorts({ speed }).clock) }
      local = await startLocalCluster(given)
      return local
    },
  })
})
afterAll(async () => {
  await bench?.stop()
})

test('the manifests of the guide are taken by the API server', async () => {
  expect(manifests.length).toBeGreaterThan(7)
  for (const object of manifests) {
    const kind = known[object.kind]
    expect(kind, object.kind).toBeDefined()
    await bench.cluster.create(kind as Kind, object)
  }
})

test('their rights are enough for everything that the door does, and all of them are used', async () => {
  const refused: string[] = []
  const used = new Set<string>()
  const watching = ({ send, close }: Transport): Transport => ({
    close,
    send: async (request, how) => {
      const answer = await send(request, how)
      if (answer.status === 403) refused.push(`${request.method} ${request.path}`)
      const right = rightOf(request)
      if (right !== undefined) used.add(right)
      return answer
    },
  })
  const face = await bench.another({
    through: watching,
    connect: () =>
      local.apiServer.transport({
        name: 'system:serviceaccount:headgate:headgate',
        groups: ['system:serviceaccounts', 'system:authenticated'],
      }),
  })
  face.lead(() => true)
  const client = new Client(`http://127.0.0.1:${face.port}`)
  const plain = (more = {}) =>
    client.describe(
      descriptorOf('shop', {
        useHealthCheck: false,
        redirectWww: true,
        additionHttpHeaders: [{ Header: 'X-A', Value: 'b' }],
        password: 'p',
        ...more,
      }),
    )
  const id = await plain()
  const first = await client.deploy(id)
  expect(await client.settled(first), await client.logs(first)).toMatchObject({
    status: 'DEPLOYED',
  })
  const at = { namespace: 'default', name: 'shop' }
  await bench.cluster.patch(kinds.release, at, 'merge', { spec: { replicas: 9 } })
  const second = await client.deploy(id)
  await followSocket(`${client.url}/stream/deployments/${second}/logs?namespace=default`)
  expect(await client.deployment(second)).toMatchObject({ status: 'DEPLOYED' })
  const bad = await client.deploy(
    await plain({ podspec: { containers: [{ name: 'No Name', image: 'a' }] } }),
  )
  expect(await client.settled(bad)).toMatchObject({ status: 'FAILURE' })
  await client.ask('PUT', `/descriptors/${id}/?namespace=default`, { ...descriptorOf('shop'), id })
  const path = `/deployments/${second}/?namespace=default`
  await client.ask('DELETE', `${path}&deleteDeployment=true`)
  await expect
    .poll(async () => (await client.ask('GET', path)).status, { timeout: 20_000 })
    .toBe(404)
  await client.ask('DELETE', `/descriptors/${id}/?namespace=default`)
  expect(refused).toEqual([])
  expect(granted().filter((right) => !used.has(right) && !isStandIn(right, used))).toEqual([])
})

/** Servers that cannot stream lists are asked for them; a Secret is created by the very patch that would change it. */
function isStandIn(right: string, used: ReadonlySet<string>): boolean {
  const [verb, resource] = right.split(' ')
  return right === 'create secrets' || (verb === 'list' && used.has(`watch ${resource}`))
}

/** `get secrets`, `patch appdeployments/status`: the right that a request needs. */
function rightOf({ method, path }: HttpRequest): string | undefined {
  const [before = '', query = ''] = path.split('?')
  const words = before.split('/').slice(before.startsWith('/apis/') ? 4 : 3)
  const [resource, name, part] = words[0] === 'namespaces' ? words.slice(2) : words
  if (resource === undefined) return undefined
  const reads = query.includes('watch=') ? 'watch' : 'list'
  const verbs: Readonly<Record<string, string>> = {
    GET: name === undefined ? reads : 'get',
    POST: 'create',
    PUT: 'update',
    PATCH: 'patch',
    DELETE: 'delete',
  }
  return `${verbs[method]} ${part === undefined ? resource : `${resource}/${part}`}`
}

type Role = KubeObject & {
  readonly rules: readonly {
    readonly resources: readonly string[]
    readonly verbs: readonly string[]
  }[]
}

function granted(): readonly string[] {
  return manifests
    .filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role')
    .flatMap((role) => (role as Role).rules)
    .flatMap(({ resources, verbs }) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
    )
}
