import { beforeEach, expect, test } from 'vitest'
import {
  type Asker,
  configMap,
  type Deep,
  deployment,
  freshServer,
  type Json,
} from './testing/ask.ts'

const cms = '/api/v1/namespaces/default/configmaps'
const deployments = '/apis/apps/v1/namespaces/default/deployments'
let api: Asker
beforeEach(async () => {
  api = await freshServer()
})

test('a fresh cluster has its namespaces and the Service of the API server', async () => {
  const names = (await api.get('/api/v1/namespaces')).body.items.map((ns: Deep) => ns.metadata.name)
  expect(names).toEqual(['default', 'kube-node-lease', 'kube-public', 'kube-system'])
  const service = (await api.get('/api/v1/namespaces/default/services/kubernetes')).body
  expect(service.spec.clusterIP).toBe('10.96.0.1')
})

test('every write gets a higher version, an unchanged object keeps its own', async () => {
  const made = await api.post(cms, configMap('a', { x: '1' }))
  expect(made.status).toBe(201)
  const same = await api.patch(`${cms}/a`, 'merge', { data: { x: '1' } })
  expect(same.body.metadata.resourceVersion).toBe(made.body.metadata.resourceVersion)
  const other = await api.patch(`${cms}/a`, 'merge', { data: { x: '2' } })
  expect(Number(other.body.metadata.resourceVersion)).toBeGreaterThan(
    Number(made.body.metadata.resourceVersion),
  )
})

const refusals: [
  string,
  () => Promise<{ status: number; body: { message: string; reason: string } }>,
  number,
  string,
  string,
][] = [
  [
    'a name that is not there',
    () => api.get(`${cms}/none`),
    404,
    'NotFound',
    'configmaps "none" not found',
  ],
  [
    'a name of a group',
    () => api.get(`${deployments}/none`),
    404,
    'NotFound',
    'deployments.apps "none" not found',
  ],
  [
    'a second create',
    async () => {
      await api.post(cms, configMap('a'))
      return api.post(cms, configMap('a'))
    },
    409,
    'AlreadyExists',
    'configmaps "a" already exists',
  ],
  [
    'a stale replace',
    async () => {
      await api.post(cms, configMap('a'))
      return api.put(`${cms}/a`, configMap('a', {}, { resourceVersion: '1' }))
    },
    409,
    'Conflict',
    'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
  ],
  [
    'a create in a namespace that is not there',
    () => api.post('/api/v1/namespaces/nowhere/configmaps', configMap('a')),
    404,
    'NotFound',
    'namespaces "nowhere" not found',
  ],
  [
    'a bad name',
    () => api.post(cms, configMap('A')),
    422,
    'Invalid',
    `ConfigMap "A" is invalid: metadata.name: Invalid value: "A": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
  ],
  [
    'no name',
    () => api.post(cms, configMap('')),
    422,
    'Invalid',
    'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
  ],
  [
    'another kind',
    () => api.post(cms, deployment()),
    400,
    'BadRequest',
    'Deployment in version "v1" cannot be handled as a ConfigMap: converting (v1.Deployment) to (core.ConfigMap): unknown conversion',
  ],
  [
    'a selector that misses its template',
    () => api.post(deployments, deployment('web', { selector: { matchLabels: { app: 'x' } } })),
    422,
    'Invalid',
    'Deployment.apps "web" is invalid: spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
  ],
  [
    'a number where text belongs',
    () => api.post(deployments, deployment('web', { replicas: 'two' })),
    400,
    'BadRequest',
    'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
  ],
  [
    'a loopback endpoint',
    () =>
      api.post('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
        metadata: { name: 's' },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['127.0.0.1'] }],
      }),
    422,
    'Invalid',
    'EndpointSlice.discovery.k8s.io "s" is invalid: endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
  ],
  [
    'a changed selector',
    async () => {
      await api.post(deployments, deployment())
      return api.patch(`${deployments}/web`, 'merge', {
        spec: {
          selector: { matchLabels: { app: 'web', b: 'c' } },
          template: { metadata: { labels: { b: 'c' } } },
        },
      })
    },
    422,
    'Invalid',
    'Deployment.apps "web" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"web","b":"c"}}: field is immutable',
  ],
  [
    'a field selector that is not offered',
    () => api.get(`${cms}?fieldSelector=data.x%3D1`),
    400,
    'BadRequest',
    '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
  ],
  [
    'a version that is none',
    () => api.get(`${cms}?resourceVersion=9999`),
    504,
    'Timeout',
    'Timeout: Too large resource version: 9999, current: 139',
  ],
]

for (const [name, request, status, reason, message] of refusals) {
  test(`refuses ${name}`, async () => {
    const answer = await request()
    expect([answer.status, answer.body.reason, answer.body.message]).toEqual([
      status,
      reason,
      message,
    ])
  })
}

test('generateName makes a name that nobody has', async () => {
  const { body } = await api.post(cms, { metadata: { generateName: 'a-' } })
  expect(body.metadata.name).toMatch(/^a-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
})

test('unknown fields are refused, told, or passed over, as asked', async () => {
  const strict = await api.post(`${cms}?fieldValidation=Strict`, { ...configMap('a'), what: 1 })
  expect(strict.status).toBe(400)
  expect(strict.body.message).toBe(
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "what"',
  )
  const warned = await api.post(cms, { ...configMap('a'), what: 1 })
  expect(warned.headers.warning).toBe('299 - "unknown field \\"what\\""')
  const ignored = await api.post(`${cms}?fieldValidation=Ignore`, { ...configMap('b'), what: 1 })
  expect([ignored.status, ignored.headers.warning]).toEqual([201, undefined])
})

test('a duplicate field is told', async () => {
  const { headers } = await api.ask(
    'POST',
    cms,
    '{"metadata":{"name":"a"},"data":{"x":"1","x":"2"}}',
  )
  expect(headers.warning).toBe('299 - "duplicate field \\"data.x\\""')
})

test('the generation counts changes of the wish, not of labels or status', async () => {
  await api.post(deployments, deployment())
  const labelled = await api.patch(`${deployments}/web`, 'merge', {
    metadata: { labels: { a: 'b' } },
  })
  const status = await api.patch(`${deployments}/web/status`, 'merge', {
    status: { replicas: 3 },
    spec: { replicas: 9 },
  })
  const scaled = await api.patch(`${deployments}/web`, 'merge', {
    spec: { replicas: 2 },
    status: { replicas: 7 },
  })
  expect([labelled, status, scaled].map(({ body }) => body.metadata.generation)).toEqual([1, 1, 2])
  expect([status.body.spec.replicas, scaled.body.status.replicas]).toEqual([1, 3])
})

test('a dry run answers as if, and writes nothing', async () => {
  const made = await api.post(`${cms}?dryRun=All`, configMap('a'))
  expect([made.status, typeof made.body.metadata.uid]).toEqual([201, 'string'])
  expect((await api.get(`${cms}/a`)).status).toBe(404)
})

test('an object with finalizers goes when the last of them has gone', async () => {
  await api.post(cms, configMap('a', {}, { finalizers: ['example.com/x'] }))
  const waiting = await api.remove(`${cms}/a`)
  expect(waiting.body.metadata.deletionTimestamp).toBeDefined()
  const more = await api.patch(`${cms}/a`, 'merge', {
    metadata: { finalizers: ['example.com/x', 'example.com/y'] },
  })
  expect(more.body.message).toContain(
    'no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/y"}',
  )
  await api.patch(`${cms}/a`, 'merge', { metadata: { finalizers: null } })
  expect((await api.get(`${cms}/a`)).status).toBe(404)
})

test('a deletion keeps to its preconditions', async () => {
  await api.post(cms, configMap('a'))
  const refused = await api.remove(`${cms}/a`, { preconditions: { uid: 'other' } })
  expect([refused.status, refused.body.reason]).toEqual([409, 'Conflict'])
  expect((await api.remove(`${cms}/a`)).body.status).toBe('Success')
})

test('propagation leaves its finalizer for the garbage collector', async () => {
  await api.post(deployments, deployment())
  await api.remove(`${deployments}/web`, { propagationPolicy: 'Foreground' })
  expect((await api.get(`${deployments}/web`)).body.metadata.finalizers).toEqual([
    'foregroundDeletion',
  ])
})

const pods = '/api/v1/namespaces/default/pods'
const pod = (spec: Json = {}) => ({
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'a', image: 'a:1' }], ...spec },
})

test('a pod on a node is ended by its kubelet, one without goes at once', async () => {
  await api.post(pods, pod({ nodeName: 'n' }))
  const ending = await api.remove(`${pods}/p`)
  expect(ending.body.metadata.deletionGracePeriodSeconds).toBe(30)
  expect((await api.get(`${pods}/p`)).status).toBe(200)
  await api.remove(`${pods}/p`, { gracePeriodSeconds: 0 })
  expect((await api.get(`${pods}/p`)).status).toBe(404)
  await api.post(pods, pod())
  await api.remove(`${pods}/p`)
  expect((await api.get(`${pods}/p`)).status).toBe(404)
})

test('a deleted namespace waits for its finalizer and takes nothing new', async () => {
  await api.post('/api/v1/namespaces', { metadata: { name: 'n' } })
  const gone = await api.remove('/api/v1/namespaces/n')
  expect(gone.body.status.phase).toBe('Terminating')
  const refused = await api.post('/api/v1/namespaces/n/configmaps', configMap('a'))
  expect([refused.status, refused.body.message]).toEqual([
    403,
    'configmaps "a" is forbidden: unable to create new content in namespace n because it is being terminated',
  ])
  const ns = (await api.get('/api/v1/namespaces/n')).body
  await api.put('/api/v1/namespaces/n/finalize', { ...ns, spec: {} })
  expect((await api.get('/api/v1/namespaces/n')).status).toBe(404)
})

test('pods are defaulted as a real server defaults them', async () => {
  const { body } = await api.post(pods, pod())
  expect(body.spec).toMatchObject({
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    terminationGracePeriodSeconds: 30,
    schedulerName: 'default-scheduler',
    enableServiceLinks: true,
    containers: [
      {
        imagePullPolicy: 'IfNotPresent',
        terminationMessagePath: '/dev/termination-log',
        resources: {},
      },
    ],
  })
  expect(body.status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' })
})

test('services get an address and keep it', async () => {
  const services = '/api/v1/namespaces/default/services'
  const made = await api.post(services, {
    metadata: { name: 's' },
    spec: { ports: [{ port: 80 }] },
  })
  const { clusterIP } = made.body.spec
  expect(clusterIP).toMatch(/^10\.96\./)
  const replaced = await api.put(`${services}/s`, {
    metadata: { name: 's' },
    spec: { ports: [{ port: 81 }] },
  })
  expect(replaced.body.spec.clusterIP).toBe(clusterIP)
  const headless = await api.post(services, {
    metadata: { name: 'h' },
    spec: { clusterIP: 'None' },
  })
  expect(headless.body.spec.clusterIPs).toEqual(['None'])
})

test('events are one kind with two shapes', async () => {
  const about = { kind: 'Pod', name: 'p', namespace: 'default' }
  await api.post('/apis/events.k8s.io/v1/namespaces/default/events', {
    metadata: { name: 'e' },
    regarding: about,
    note: 'hello',
    reason: 'Tested',
    type: 'Normal',
    eventTime: '2026-01-01T00:00:00.5Z',
    action: 'Test',
    reportingController: 'c',
    reportingInstance: 'i',
  })
  const core = await api.get(
    '/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Dp,reason%3DTested',
  )
  expect(core.body.items[0]).toMatchObject({
    involvedObject: about,
    message: 'hello',
    reportingComponent: 'c',
    eventTime: '2026-01-01T00:00:00.500000Z',
  })
})

test('an object beyond the limit of etcd is refused', async () => {
  const args = ['x'.repeat(1.6 * 1024 * 1024)]
  const containers = [{ name: 'app', image: 'app:1', args }]
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers } }
  const big = await api.post(deployments, deployment('web', { template }))
  expect([big.status, big.body.message]).toEqual([500, 'etcdserver: request is too large'])
  const bigger = await api.post(cms, configMap('a', { x: 'x'.repeat(3.5 * 1024 * 1024) }))
  expect(bigger.status).toBe(413)
})

test('a scale speaks of replicas alone', async () => {
  await api.post(deployments, deployment())
  const scaled = await api.put(`${deployments}/web/scale`, {
    metadata: { name: 'web' },
    spec: { replicas: 4 },
  })
  expect(scaled.body).toMatchObject({
    kind: 'Scale',
    spec: { replicas: 4 },
    status: { replicas: 0, selector: 'app=web' },
  })
  expect((await api.get(`${deployments}/web`)).body.spec.replicas).toBe(4)
})

test('a PUT without a version wins for most kinds and not for leases', async () => {
  const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases'
  await api.post(leases, { metadata: { name: 'l' }, spec: { holderIdentity: 'a' } })
  const refused = await api.put(`${leases}/l`, {
    metadata: { name: 'l' },
    spec: { holderIdentity: 'b' },
  })
  expect(refused.body.message).toBe(
    'leases.coordination.k8s.io "l" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
  )
})
