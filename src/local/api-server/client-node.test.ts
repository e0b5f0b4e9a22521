/**
 * The official JavaScript client at home: its typed clients, its patches, its watch and its informer
 * against the API server over HTTPS. What it deserialises without complaint has the shape of the
 * real thing.
 */
import assert from 'node:assert/strict'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import {
  ApiException,
  ApiextensionsV1Api,
  AppsV1Api,
  AuthenticationV1Api,
  AuthorizationV1Api,
  BatchV1Api,
  CoordinationV1Api,
  CoreApi,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  NetworkingV1Api,
  PatchStrategy,
  RbacAuthorizationV1Api,
  setHeaderOptions,
  V1ConfigMap,
  type V1Deployment,
  V1MicroTime,
  V1Scale,
  VersionApi,
  Watch,
} from '@kubernetes/client-node'
import { afterAll, beforeAll, test } from 'vitest'
import { systemPorts } from '#kube/system.ts'
import { type RunningApiServer, startApiServer } from './start.ts'

const namespace = 'shop'
let server: RunningApiServer
const config = new KubeConfig()

beforeAll(async () => {
  server = await startApiServer({ ports: systemPorts() })
  config.loadFromString(server.kubeconfig())
  await core().createNamespace({ body: { metadata: { name: namespace } } })
})
afterAll(() => server.close())

const core = (): CoreV1Api => config.makeApiClient(CoreV1Api)
const apps = (): AppsV1Api => config.makeApiClient(AppsV1Api)

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

/** The status code that a call fails with, and the reason the server gives. */
async function failure(call: Promise<unknown>): Promise<readonly [number, string]> {
  const error = await call.then(
    () => assert.fail('the call succeeded'),
    (caught: unknown) => caught,
  )
  assert.ok(error instanceof ApiException, String(error))
  const body: unknown = typeof error.body === 'string' ? JSON.parse(error.body) : error.body
  return [error.code, String((body as { readonly reason?: string }).reason)]
}

const patchAs = (type: PatchStrategy) => setHeaderOptions('Content-Type', type)

const configMap = (name: string, data: Record<string, string> = { x: '1' }): V1ConfigMap => ({
  metadata: { name, namespace, labels: { made: 'here' } },
  data,
})

const deployment = (name: string): V1Deployment => ({
  metadata: { name, namespace },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'app', image: 'shop:v1', env: [{ name: 'A', value: '1' }] }] },
    },
  },
})

test('discovery and version answer', async () => {
  const version = await config.makeApiClient(VersionApi).getCode()
  assert.match(version.gitVersion, /^v1\.\d+\.\d+/)
  assert.deepEqual((await config.makeApiClient(CoreApi).getAPIVersions()).versions, ['v1'])
  const resources = await core().getAPIResources()
  assert.ok(
    resources.resources.some(({ kind, shortNames }) => kind === 'Pod' && shortNames?.[0] === 'po'),
  )
})

test('a ConfigMap is created, read, replaced, listed by page and deleted', async () => {
  const api = core()
  const made = await api.createNamespacedConfigMap({ namespace, body: configMap('life') })
  assert.ok(made.metadata?.creationTimestamp instanceof Date)
  assert.match(made.metadata.uid ?? '', /^[0-9a-f-]{36}$/)
  const read = await api.readNamespacedConfigMap({ namespace, name: 'life' })
  assert.deepEqual(read, made)
  const replaced = await api.replaceNamespacedConfigMap({
    namespace,
    name: 'life',
    body: Object.assign(new V1ConfigMap(), read, { data: { x: '2' } }),
  })
  assert.deepEqual(replaced.data, { x: '2' })
  const stale = api.replaceNamespacedConfigMap({ namespace, name: 'life', body: read })
  assert.deepEqual(await failure(stale), [409, 'Conflict'])

  for (const name of ['page-a', 'page-b', 'page-c'])
    await api.createNamespacedConfigMap({ namespace, body: configMap(name) })
  const names: string[] = []
  let next: string | undefined
  do {
    const page = await api.listNamespacedConfigMap({
      namespace,
      labelSelector: 'made=here',
      limit: 2,
      ...(next === undefined ? {} : { _continue: next }),
    })
    names.push(...page.items.map(({ metadata }) => metadata?.name ?? ''))
    next = page.metadata?._continue
  } while (next !== undefined && next !== '')
  assert.deepEqual(names, ['life', 'page-a', 'page-b', 'page-c'])

  const wrongUid = { preconditions: { uid: 'another' } }
  const refused = api.deleteNamespacedConfigMap({ namespace, name: 'life', body: wrongUid })
  assert.deepEqual(await failure(refused), [409, 'Conflict'])
  const status = await api.deleteNamespacedConfigMap({ namespace, name: 'life' })
  assert.equal(status.status, 'Success')
  await api.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'made=here' })
  const left = await api.listNamespacedConfigMap({ namespace, labelSelector: 'made=here' })
  assert.deepEqual(left.items, [])
})

const failures: readonly [string, () => Promise<unknown>, readonly [number, string]][] = [
  [
    'what is missing',
    () => core().readNamespacedConfigMap({ namespace, name: 'no' }),
    [404, 'NotFound'],
  ],
  [
    'what exists already',
    () => core().createNamespace({ body: { metadata: { name: namespace } } }),
    [409, 'AlreadyExists'],
  ],
  [
    'what is invalid',
    () =>
      core().createNamespacedConfigMap({ namespace, body: { metadata: { name: 'Not A Name' } } }),
    [422, 'Invalid'],
  ],
  [
    'a namespace that is missing',
    () =>
      core().createNamespacedConfigMap({ namespace: 'nowhere', body: { metadata: { name: 'a' } } }),
    [404, 'NotFound'],
  ],
]
for (const [what, call, expected] of failures) {
  test(`${what} is ${expected.join(' ')}`, async () => {
    assert.deepEqual(await failure(call()), expected)
  })
}

test('a dry run changes nothing', async () => {
  const api = core()
  const body = configMap('dry')
  const made = await api.createNamespacedConfigMap({ namespace, body, dryRun: 'All' })
  assert.equal(made.metadata?.name, 'dry')
  assert.deepEqual(await failure(api.readNamespacedConfigMap({ namespace, name: 'dry' })), [
    404,
    'NotFound',
  ])
})

const patches: readonly [PatchStrategy, unknown, unknown][] = [
  [
    PatchStrategy.MergePatch,
    { spec: { template: { spec: { containers: [{ name: 'new', image: 'b' }] } } } },
    [['new', 'b', undefined]],
  ],
  [
    PatchStrategy.StrategicMergePatch,
    { spec: { template: { spec: { containers: [{ name: 'app', image: 'b' }] } } } },
    [['app', 'b', '1']],
  ],
  [
    PatchStrategy.JsonPatch,
    [
      { op: 'test', path: '/spec/template/spec/containers/0/name', value: 'app' },
      { op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'b' },
    ],
    [['app', 'b', '1']],
  ],
  [
    PatchStrategy.ServerSideApply,
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'patched', namespace },
      spec: { template: { spec: { containers: [{ name: 'side', image: 'b' }] } } },
    },
    [
      ['app', 'shop:v1', '1'],
      ['side', 'b', undefined],
    ],
  ],
]
for (const [type, body, expected] of patches) {
  test(`a Deployment is patched by ${type}`, async () => {
    const api = apps()
    const made = await api.createNamespacedDeployment({ namespace, body: deployment('patched') })
    const isApply = type === PatchStrategy.ServerSideApply
    const patched = await api.patchNamespacedDeployment(
      {
        namespace,
        name: 'patched',
        body,
        ...(isApply ? { fieldManager: 'test', force: true } : {}),
      },
      patchAs(type),
    )
    const containers = patched.spec?.template.spec?.containers ?? []
    assert.deepEqual(
      containers.map(({ name, image, env }) => [name, image, env?.[0]?.value]),
      expected,
    )
    assert.equal(patched.metadata?.generation, (made.metadata?.generation ?? 0) + 1)
    await api.deleteNamespacedDeployment({ namespace, name: 'patched' })
  })
}

test('a Deployment has the defaults of a real one, its scale and its status', async () => {
  const api = apps()
  const made = await api.createNamespacedDeployment({ namespace, body: deployment('scaled') })
  assert.deepEqual(
    [
      made.spec?.strategy?.type,
      made.spec?.revisionHistoryLimit,
      made.spec?.progressDeadlineSeconds,
    ],
    ['RollingUpdate', 10, 600],
  )
  const at = { namespace, name: 'scaled' }
  const scale = await api.readNamespacedDeploymentScale(at)
  assert.deepEqual([scale.kind, scale.spec?.replicas], ['Scale', 2])
  const more = Object.assign(new V1Scale(), scale, { spec: { replicas: 5 } })
  assert.equal(
    (await api.replaceNamespacedDeploymentScale({ ...at, body: more })).spec?.replicas,
    5,
  )
  const body = { status: { replicas: 5, readyReplicas: 4, observedGeneration: 2 } }
  const status = await api.patchNamespacedDeploymentStatus(
    { ...at, body },
    patchAs(PatchStrategy.MergePatch),
  )
  assert.deepEqual([status.spec?.replicas, status.status?.readyReplicas], [5, 4])
  const listed = await api.listDeploymentForAllNamespaces({ fieldSelector: 'metadata.name=scaled' })
  assert.deepEqual(
    listed.items.map(({ metadata }) => metadata?.namespace),
    [namespace],
  )
})

test('typed fields survive: secrets in base64, ports that are names, quantities, times to the microsecond', async () => {
  const api = core()
  const secret = await api.createNamespacedSecret({
    namespace,
    body: { metadata: { name: 's' }, stringData: { token: 'secret' } },
  })
  assert.equal(secret.data?.['token'], Buffer.from('secret').toString('base64'))
  const service = await api.createNamespacedService({
    namespace,
    body: {
      metadata: { name: 'web' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] },
    },
  })
  assert.deepEqual(
    service.spec?.ports?.map(({ port, targetPort, protocol }) => [port, targetPort, protocol]),
    [[80, 'http', 'TCP']],
  )
  const pod = await api.createNamespacedPod({
    namespace,
    body: {
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '100m' } } }] },
    },
  })
  assert.deepEqual(pod.spec?.containers[0]?.resources?.requests, { cpu: '100m' })
  const renewTime = new V1MicroTime('2026-11-21T03:00:00.123Z')
  const lease = await config.makeApiClient(CoordinationV1Api).createNamespacedLease({
    namespace,
    body: { metadata: { name: 'l' }, spec: { holderIdentity: 'me', renewTime } },
  })
  assert.equal(new Date(lease.spec?.renewTime ?? 0).getTime(), renewTime.getTime())
})

test('groups beyond the core are there: networking, RBAC, batch', async () => {
  const ingress = await config.makeApiClient(NetworkingV1Api).createNamespacedIngress({
    namespace,
    body: {
      metadata: { name: 'web' },
      spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
    },
  })
  assert.equal(ingress.spec?.defaultBackend?.service?.port?.number, 80)
  const role = await config.makeApiClient(RbacAuthorizationV1Api).createNamespacedRole({
    namespace,
    body: {
      metadata: { name: 'r' },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    },
  })
  assert.deepEqual(role.rules?.[0]?.resources, ['pods'])
  await config.makeApiClient(BatchV1Api).listNamespacedJob({ namespace })
})

test('who am I, and what may I do', async () => {
  const review = await config
    .makeApiClient(AuthenticationV1Api)
    .createSelfSubjectReview({ body: {} })
  assert.ok((review.status?.userInfo?.username ?? '') !== '')
  const access = await config.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({
    body: { spec: { resourceAttributes: { verb: 'delete', resource: 'pods', namespace } } },
  })
  assert.equal(access.status?.allowed, true)
})

const widgets = { group: 'test.example.com', version: 'v1', namespace, plural: 'widgets' }

test('custom objects: their definition, their life, their status, their patches', async () => {
  await config.makeApiClient(ApiextensionsV1Api).createCustomResourceDefinition({
    body: {
      metadata: { name: 'widgets.test.example.com' },
      spec: {
        group: widgets.group,
        names: { kind: 'Widget', plural: 'widgets' },
        scope: 'Namespaced',
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            subresources: { status: {} },
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: {
                  spec: { type: 'object', properties: { size: { type: 'integer', _default: 3 } } },
                  status: { type: 'object', x_kubernetes_preserve_unknown_fields: true },
                },
              },
            },
          },
        ],
      },
    },
  })
  const api = config.makeApiClient(CustomObjectsApi)
  const body = {
    apiVersion: 'test.example.com/v1',
    kind: 'Widget',
    metadata: { name: 'w' },
    spec: {},
  }
  const made = await api.createNamespacedCustomObject({ ...widgets, body })
  assert.deepEqual(made.spec, { size: 3 })
  const at = { ...widgets, name: 'w' }
  const merged = await api.patchNamespacedCustomObject(
    { ...at, body: { spec: { size: 4 } } },
    patchAs(PatchStrategy.MergePatch),
  )
  assert.deepEqual(merged.spec, { size: 4 })
  const wrong = api.patchNamespacedCustomObject(
    { ...at, body: { spec: { size: 'large' } } },
    patchAs(PatchStrategy.MergePatch),
  )
  assert.deepEqual(await failure(wrong), [422, 'Invalid'])
  const status = await api.patchNamespacedCustomObjectStatus(
    { ...at, body: [{ op: 'add', path: '/status', value: { ready: true } }] },
    patchAs(PatchStrategy.JsonPatch),
  )
  assert.deepEqual([status.spec, status.status], [{ size: 4 }, { ready: true }])
  const list = await api.listNamespacedCustomObject(widgets)
  assert.deepEqual([list.kind, list.items.length], ['WidgetList', 1])
  await api.deleteNamespacedCustomObject(at)
  assert.deepEqual(await failure(api.getNamespacedCustomObject(at)), [404, 'NotFound'])
})

test('objects of any kind by what they say they are', async () => {
  const api = KubernetesObjectApi.makeApiClient(config)
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'any', namespace } }
  await api.create({ ...object, data: { a: '1' } } as V1ConfigMap)
  const applied = await api.patch<V1ConfigMap>(
    { ...object, data: { b: '2' } } as V1ConfigMap,
    undefined,
    undefined,
    'test',
    true,
    PatchStrategy.ServerSideApply,
  )
  assert.deepEqual(applied.data, { a: '1', b: '2' })
  assert.equal((await api.read(object)).metadata?.name, 'any')
  await api.delete(object)
  assert.deepEqual(await failure(api.read(object)), [404, 'NotFound'])
})

test('a watch brings the changes from a version on, in order, and bookmarks when asked', async () => {
  const api = core()
  const { metadata } = await api.listNamespacedConfigMap({ namespace })
  const seen: string[] = []
  const query = {
    resourceVersion: metadata?.resourceVersion,
    labelSelector: 'made=here',
    allowWatchBookmarks: true,
  }
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  const watching = await new Watch(config).watch(
    path,
    query,
    (type, object: V1ConfigMap) => seen.push(`${type} ${object.metadata?.name ?? ''}`.trim()),
    () => undefined,
  )
  await api.createNamespacedConfigMap({ namespace, body: configMap('seen') })
  await api.patchNamespacedConfigMap(
    { namespace, name: 'seen', body: { data: { x: '9' } } },
    patchAs(PatchStrategy.MergePatch),
  )
  await api.deleteNamespacedConfigMap({ namespace, name: 'seen' })
  await until(() => seen.length >= 3)
  assert.deepEqual(seen.slice(0, 3), ['ADDED seen', 'MODIFIED seen', 'DELETED seen'])
  watching.abort()
})

test('a watch from a version that is forgotten ends with 410', async () => {
  const small = await startApiServer({ ports: systemPorts(), store: { historyLimit: 5 } })
  try {
    const other = new KubeConfig()
    other.loadFromString(small.kubeconfig())
    const api = other.makeApiClient(CoreV1Api)
    for (let i = 0; i < 20; i += 1) {
      const body = { metadata: { name: `c${i}` } }
      await api.createNamespacedConfigMap({ namespace: 'default', body })
    }
    const told: string[] = []
    const ended = Promise.withResolvers<unknown>()
    await new Watch(other).watch(
      '/api/v1/configmaps',
      { resourceVersion: '1' },
      (type, object: { readonly code?: number }) => told.push(`${type} ${object.code}`),
      (error: unknown) => ended.resolve(error),
    )
    const error = (await ended.promise) as { readonly statusCode?: number } | null
    assert.ok(told[0] === 'ERROR 410' || error?.statusCode === 410, `${told} ${String(error)}`)
  } finally {
    await small.close()
  }
})

/** A way to the server that can be cut, and works again at once. */
async function forwarder(port: number) {
  const sockets = new Set<Socket>()
  const forward = createServer((socket) => {
    const upstream = connect(port, '127.0.0.1')
    for (const end of [socket, upstream]) {
      sockets.add(end)
      end.on('close', () => sockets.delete(end))
      end.on('error', () => undefined)
    }
    socket.pipe(upstream).pipe(socket)
  })
  await new Promise<void>((resolve) => forward.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (forward.address() as AddressInfo).port,
    cut,
    close: () => {
      cut()
      return new Promise((resolve) => forward.close(resolve))
    },
  }
}

test('the informer of the client sees what there is, what comes, changes and goes, also across a broken connection', async () => {
  const api = core()
  await api.createNamespacedConfigMap({ namespace, body: configMap('first') })
  const port = new URL(server.url).port
  const way = await forwarder(Number(port))
  const through = new KubeConfig()
  through.loadFromString(server.kubeconfig().replace(`:${port}`, `:${way.port}`))
  const list = () =>
    through
      .makeApiClient(CoreV1Api)
      .listNamespacedConfigMap({ namespace, labelSelector: 'made=here' })
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  const informer = makeInformer(through, path, list, 'made=here')
  const story: string[] = []
  for (const verb of ['add', 'update', 'delete'] as const) {
    informer.on(verb, (object) =>
      story.push(`${verb} ${object.metadata?.name} ${object.data?.['x'] ?? ''}`),
    )
  }
  // As its manual says: after an error it is for the caller to start it again.
  informer.on('error', () => void informer.start())
  await informer.start()
  await until(() => story.length === 1)
  await api.createNamespacedConfigMap({ namespace, body: configMap('second') })
  const body = { data: { x: '2' } }
  const merge = patchAs(PatchStrategy.MergePatch)
  await api.patchNamespacedConfigMap({ namespace, name: 'first', body }, merge)
  await api.deleteNamespacedConfigMap({ namespace, name: 'second' })
  await until(() => story.length === 4)
  assert.deepEqual(story, ['add first 1', 'add second 1', 'update first 2', 'delete second 1'])
  way.cut()
  await api.deleteNamespacedConfigMap({ namespace, name: 'first' })
  await api.createNamespacedConfigMap({ namespace, body: configMap('third') })
  await until(() => story.length === 6)
  assert.deepEqual(story.slice(4).sort(), ['add third 1', 'delete first 2'])
  assert.deepEqual(
    informer.list(namespace).map(({ metadata }) => metadata?.name),
    ['third'],
  )
  await informer.stop()
  await way.close()
})
