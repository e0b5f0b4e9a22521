import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { systemPorts } from '#kube/system.ts'
import { virtualClock } from '#kube/virtual-clock.ts'
import { admin, createApiServer } from '../api-server.ts'
import { type Asker, askAs, configMap, deployment, freshServer, type Json } from '../testing/ask.ts'
import { patchReply, startWebhook, type TestWebhook } from '../testing/webhook.ts'
import type { WebhookRequest } from '../webhook/post.ts'

const configurations = '/apis/admissionregistration.k8s.io/v1'
const validating = `${configurations}/validatingwebhookconfigurations`
const mutating = `${configurations}/mutatingwebhookconfigurations`
const cms = '/api/v1/namespaces/default/configmaps'
const deployments = '/apis/apps/v1/namespaces/default/deployments'

let api: Asker
let webhook: TestWebhook
beforeAll(async () => {
  webhook = await startWebhook()
})
afterAll(() => webhook.close())
beforeEach(async () => {
  api = await freshServer()
  webhook.answer(() => ({ allowed: true }))
})

const rule = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }

function hook(name: string, changes: Json = {}, path = '/'): Json {
  return {
    name: `${name}.example.com`,
    clientConfig: webhook.client(path),
    rules: [rule],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    ...changes,
  }
}

async function configure(path: string, name: string, ...webhooks: Json[]): Promise<void> {
  const kind = path === mutating ? 'MutatingWebhookConfiguration' : 'ValidatingWebhookConfiguration'
  const apiVersion = 'admissionregistration.k8s.io/v1'
  const answer = await api.post(path, { apiVersion, kind, metadata: { name }, webhooks })
  expect(answer.body.message).toBeUndefined()
}

const paths = (): string[] => webhook.seen.map(({ path }) => path.split('?')[0] as string)

test('a webhook is asked as a kube-apiserver asks', async () => {
  await configure(validating, 'v', hook('v', { timeoutSeconds: 3 }, '/check'))
  await api.post(`${cms}?fieldManager=me&fieldValidation=Strict`, configMap('a', { k: 'v' }))
  const [{ path, review }] = webhook.seen as [{ path: string; review: Json }]
  expect(path).toBe('/check?timeout=3s')
  const kind = { group: '', version: 'v1', kind: 'ConfigMap' }
  const resource = { group: '', version: 'v1', resource: 'configmaps' }
  expect(review).toEqual({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: expect.any(String),
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      name: 'a',
      namespace: 'default',
      operation: 'CREATE',
      userInfo: { username: admin.name, groups: admin.groups },
      object: {
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: {
          name: 'a',
          namespace: 'default',
          uid: expect.any(String),
          creationTimestamp: expect.any(String),
          managedFields: expect.any(Array),
        },
        data: { k: 'v' },
      },
      oldObject: null,
      dryRun: false,
      options: {
        kind: 'CreateOptions',
        apiVersion: 'meta.k8s.io/v1',
        fieldManager: 'me',
        fieldValidation: 'Strict',
      },
    },
  })
})

test('updates, patches and deletions show the object as it was', async () => {
  await api.post(cms, configMap('a', { k: '1' }))
  await configure(validating, 'v', hook('v'))
  await api.patch(`${cms}/a`, 'merge', { data: { k: '2' } })
  await api.put(`${cms}/a?dryRun=All`, configMap('a', { k: '3' }))
  await api.remove(`${cms}/a?gracePeriodSeconds=0`)
  const facts = webhook.seen.map(({ review: { request } }) => [
    request.operation,
    request.object?.data,
    request.oldObject.data,
    request.dryRun,
    request.options.kind,
  ])
  expect(facts).toEqual([
    ['UPDATE', { k: '2' }, { k: '1' }, false, 'UpdateOptions'],
    ['UPDATE', { k: '3' }, { k: '2' }, true, 'UpdateOptions'],
    ['DELETE', undefined, { k: '2' }, false, 'DeleteOptions'],
  ])
})

test('a subresource comes with its own kind', async () => {
  await api.post(deployments, deployment('web'))
  await configure(
    validating,
    'v',
    hook('v', { rules: [{ ...rule, resources: ['deployments/*'] }] }),
  )
  await api.patch(`${deployments}/web/scale`, 'merge', { spec: { replicas: 3 } })
  await api.patch(`${deployments}/web/status`, 'merge', { status: { replicas: 1 } })
  expect(
    webhook.seen.map(({ review: { request } }) => [
      request.subResource,
      request.kind.kind,
      request.resource.resource,
      request.object.spec.replicas,
    ]),
  ).toEqual([
    ['scale', 'Scale', 'deployments', 3],
    ['status', 'Deployment', 'deployments', 3],
  ])
})

const denials: [string, Json, number, string][] = [
  ['without a word', {}, 400, ' without explanation'],
  ['with a message', { status: { message: 'no way' } }, 400, ': no way'],
  ['with a code', { status: { code: 403, message: 'nope' } }, 403, ': nope'],
  ['with a reason alone', { status: { reason: 'Forbidden' } }, 400, ': Forbidden'],
  ['with a code that means success', { status: { code: 200, message: 'm' } }, 400, ': m'],
]
for (const [name, response, code, end] of denials) {
  test(`a denial ${name} is told word for word`, async () => {
    await configure(validating, 'v', hook('v'))
    webhook.answer(() => ({ allowed: false, ...response }))
    const { status, body } = await api.post(cms, configMap('a'))
    const message = `admission webhook "v.example.com" denied the request${end}`
    expect([status, body.message, body.status]).toEqual([code, message, 'Failure'])
    expect((await api.get(`${cms}/a`)).status).toBe(404)
  })
}

test('warnings reach the client, also those of a refusal', async () => {
  await configure(validating, 'v', hook('v'))
  webhook.answer(() => ({ allowed: true, warnings: ['mind the gap', 'mind the gap'] }))
  expect((await api.post(cms, configMap('a'))).headers.warning).toBe('299 - "mind the gap"')
})

const failing = 'Internal error occurred: failed calling webhook "v.example.com": '
const url = 'Post "https://localhost:PORT/?timeout=10s": '
const failures: [string, Parameters<TestWebhook['answer']>[0], string][] = [
  ['hangs up', () => 'hangUp', `failed to call webhook: ${url}EOF`],
  [
    'answers 500',
    () => ({ status: 500, text: 'boom' }),
    'failed to call webhook: an error on the server ("boom") has prevented the request from succeeding',
  ],
  [
    'answers 404',
    () => ({ status: 404, text: '404 page not found' }),
    'failed to call webhook: the server could not find the requested resource',
  ],
  [
    'answers nothing',
    () => ({ status: 200, text: '' }),
    'failed to call webhook: 0-length response with status code: 200 and content type: text/plain',
  ],
  [
    'answers another question',
    () => ({ uid: 'other', allowed: true }),
    'received invalid webhook response: expected response.uid="UID", got "other"',
  ],
  [
    'patches though it may only look',
    () => patchReply([{ op: 'add', path: '/data/x', value: 'y' }]),
    'received invalid webhook response: validating webhook may not return response.patch',
  ],
]
for (const [name, reply, words] of failures) {
  test(`a webhook that ${name} fails the request, or nothing if failures are ignored`, async () => {
    await configure(validating, 'v', hook('v'))
    webhook.answer(reply)
    const { status, body } = await api.post(cms, configMap('a'))
    const message = body.message
      .replace(String(webhook.port), 'PORT')
      .replace(/[0-9a-f-]{36}/, 'UID')
    expect([status, message, body.reason]).toEqual([500, failing + words, 'InternalError'])
    await api.remove(`${validating}/v`)
    await configure(validating, 'v', hook('v', { failurePolicy: 'Ignore' }))
    expect((await api.post(cms, configMap('a'))).status).toBe(201)
  })
}

test('a strange certificate, a wrong name and a closed port are told apart', async () => {
  const stranger = await startWebhook('other.example.com')
  const said = async (clientConfig: Json): Promise<string> => {
    await configure(validating, 'v', hook('v', { clientConfig }))
    const { body } = await api.post(cms, configMap('a'))
    await api.remove(`${validating}/v`)
    return body.message.slice(body.message.lastIndexOf('10s": ') + 6)
  }
  const bundle = { caBundle: stranger.caBundle }
  const strange = { url: `https://localhost:${webhook.port}`, caBundle: undefined }
  expect(await said(strange)).toBe(
    'tls: failed to verify certificate: x509: certificate signed by unknown authority',
  )
  expect(await said({ url: `https://localhost:${stranger.port}`, ...bundle })).toBe(
    'tls: failed to verify certificate: x509: certificate is valid for other.example.com, not localhost',
  )
  await stranger.close()
  expect(await said({ url: `https://127.0.0.1:${stranger.port}`, ...bundle })).toBe(
    `dial tcp 127.0.0.1:${stranger.port}: connect: connection refused`,
  )
})

test('a webhook behind a Service is found as the proxy finds Services', async () => {
  const behind = await startWebhook('hook.default.svc')
  const service = { namespace: 'default', name: 'hook', path: '/deep/er', port: 8443 }
  const { caBundle } = behind
  await configure(validating, 'v', hook('v', { clientConfig: { service, caBundle } }))
  expect((await api.post(cms, configMap('a'))).body.message).toBe(
    `${failing}failed to call webhook: Post "https://hook.default.svc:8443/deep/er?timeout=10s": service "hook" not found`,
  )
  await api.remove(`${validating}/v`)
  const address = JSON.stringify({ '8443': `127.0.0.1:${behind.port}` })
  await api.post('/api/v1/namespaces/default/services', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'hook', annotations: { 'local.headgate.dev/address': address } },
    spec: { ports: [{ port: 8443 }] },
  })
  await configure(validating, 'v', hook('v', { clientConfig: { service, caBundle } }))
  expect((await api.post(cms, configMap('a'))).status).toBe(201)
  expect(behind.seen.map(({ path }) => path)).toEqual(['/deep/er?timeout=10s'])
  await behind.close()
})

const add = (key: string): Json[] => [{ op: 'add', path: `/data/${key}`, value: '1' }]

test('a mutating webhook changes the object, before others validate it', async () => {
  await configure(mutating, 'm', hook('m', {}, '/change'))
  await configure(validating, 'v', hook('v', {}, '/check'))
  webhook.answer((_review, path) =>
    path === '/change' ? patchReply(add('added')) : { allowed: true },
  )
  const { body } = await api.post(cms, configMap('a', { k: 'v' }))
  expect(body.data).toEqual({ k: 'v', added: '1' })
  expect(webhook.seen.map(({ review }) => review.request.object.data)).toEqual([
    { k: 'v' },
    { k: 'v', added: '1' },
  ])
})

const badPatches: [string, unknown, string][] = [
  [
    'leads nowhere',
    [{ op: 'replace', path: '/spec/x/y', value: 1 }],
    'replace operation does not apply: doc is missing path: /spec/x/y: missing value',
  ],
  [
    'takes away what is not there',
    [{ op: 'remove', path: '/data/z' }],
    "error in remove for path: '/data/z': Unable to remove nonexistent key: z: missing value",
  ],
  [
    'expects something else',
    [{ op: 'test', path: '/data/k', value: 'other' }],
    'testing value /data/k failed: test failed',
  ],
  [
    'is no list',
    '{}',
    'failed calling webhook "m.example.com": received undecodable patch in webhook response: json: cannot unmarshal object into Go value of type jsonpatch.Patch',
  ],
  [
    'makes it what it cannot be',
    [{ op: 'add', path: '/data/n', value: 5 }],
    'json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
  ],
]
for (const [name, operations, words] of badPatches) {
  test(`a webhook's patch that ${name} fails the request`, async () => {
    await configure(mutating, 'm', hook('m'))
    webhook.answer(() => patchReply(operations))
    const { status, body } = await api.post(cms, configMap('a', { k: 'v' }))
    expect([status, body.message]).toEqual([500, `Internal error occurred: ${words}`])
  })
}

test('a webhook is asked again when a later one changed the object, if it wants to be', async () => {
  const again = { reinvocationPolicy: 'IfNeeded' }
  await configure(mutating, 'a', hook('a', again, '/a'))
  await configure(mutating, 'b', hook('b', {}, '/b'), hook('b2', {}, '/b2'))
  await configure(mutating, 'c', hook('c', again, '/c'))
  webhook.answer((_review, path) => (path === '/b' ? patchReply(add('b')) : { allowed: true }))
  await api.post(cms, configMap('x', { k: 'v' }))
  expect(paths()).toEqual(['/a', '/b', '/b2', '/c', '/a'])
  webhook.answer((_review, path) => (path === '/a' ? patchReply(add('a')) : { allowed: true }))
  await api.post(cms, configMap('y', { k: 'v' }))
  expect(paths()).toEqual(['/a', '/b', '/b2', '/c'])
})

test('selectors choose by labels of the object, old or new, and of the namespace', async () => {
  const labelled = { matchLabels: { watched: 'yes' } }
  await configure(validating, 'v', hook('o', { objectSelector: labelled }, '/object'))
  await configure(validating, 'w', hook('n', { namespaceSelector: labelled }, '/namespace'))
  const ns = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'n', labels: { watched: 'yes' } },
  }
  await api.post('/api/v1/namespaces', ns)
  await api.post('/api/v1/namespaces/n/configmaps', configMap('a'))
  await api.post(cms, configMap('b'))
  await api.post(cms, configMap('c', {}, { labels: { watched: 'yes' } }))
  await api.put(`${cms}/c`, configMap('c'))
  await api.put(`${cms}/c`, configMap('c', { k: 'v' }))
  expect(webhook.seen.map(({ path, review }) => [path.split('?')[0], review.request.name])).toEqual(
    [
      ['/object', 'n'],
      ['/namespace', 'n'],
      ['/namespace', 'a'],
      ['/object', 'c'],
      ['/object', 'c'],
    ],
  )
})

const rules: [string, Json, boolean][] = [
  ['another operation', { operations: ['UPDATE'] }, false],
  ['another group', { apiGroups: ['apps'] }, false],
  ['another version', { apiVersions: ['v2'] }, false],
  ['another resource', { resources: ['secrets'] }, false],
  ['a subresource alone', { resources: ['configmaps/status'] }, false],
  ['every subresource, and so the whole', { resources: ['configmaps/*'] }, true],
  ['cluster scope', { scope: 'Cluster' }, false],
  ['namespaced scope', { scope: 'Namespaced' }, true],
]
for (const [name, changes, asked] of rules) {
  test(`a rule for ${name} ${asked ? 'fits' : 'does not fit'} a new ConfigMap`, async () => {
    await configure(validating, 'v', hook('v', { rules: [{ ...rule, ...changes }] }))
    await api.post(cms, configMap('a'))
    expect(webhook.seen.length).toBe(asked ? 1 : 0)
  })
}

test('a rule for one version fits another that means the same, unless it is to be exact', async () => {
  const rules = [{ ...rule, apiGroups: ['events.k8s.io'], resources: ['events'] }]
  await configure(validating, 'v', hook('v', { rules }))
  await configure(validating, 'w', hook('w', { rules, matchPolicy: 'Exact' }))
  const about = { involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' } }
  const event = { apiVersion: 'v1', kind: 'Event', metadata: { name: 'e' }, message: 'm', ...about }
  await api.post('/api/v1/namespaces/default/events', event)
  expect(
    webhook.seen.map(({ review: { request } }) => [
      request.kind.group,
      request.requestKind.group,
      request.object.note,
    ]),
  ).toEqual([['events.k8s.io', '', 'm']])
})

test('nobody is asked about the configurations themselves', async () => {
  await configure(validating, 'v', hook('v'))
  webhook.answer(() => ({ allowed: false }))
  expect((await api.remove(`${validating}/v`)).status).toBe(200)
})

test('connections are asked about as well', async () => {
  const rules = [{ ...rule, operations: ['CONNECT'], resources: ['services/proxy'] }]
  await configure(validating, 'v', hook('v', { rules }))
  webhook.answer(() => ({ allowed: false, status: { message: 'keep out' } }))
  const { body } = await api.get('/api/v1/namespaces/default/services/kubernetes/proxy/x')
  expect(body.message).toBe('admission webhook "v.example.com" denied the request: keep out')
  expect(webhook.seen[0]?.review.request).toMatchObject({
    subResource: 'proxy',
    operation: 'CONNECT',
    object: { kind: 'ServiceProxyOptions', apiVersion: 'v1', path: '/x' },
    options: null,
  })
})

test('a write that had to wait goes on from what has become of the object', async () => {
  await api.post(cms, configMap('a', { k: '0' }))
  await configure(validating, 'v', hook('v'))
  const patches = ['1', '2', '3'].map((value) =>
    api.patch(`${cms}/a`, 'merge', { data: { [`k${value}`]: value } }),
  )
  expect((await Promise.all(patches)).map(({ status }) => status)).toEqual([200, 200, 200])
  expect((await api.get(`${cms}/a`)).body.data).toEqual({ k: '0', k1: '1', k2: '2', k3: '3' })
})

test('in virtual time webhooks are called in process, and time passes for them as well', async () => {
  const time = virtualClock()
  const asked: WebhookRequest[] = []
  const server = await createApiServer(
    { ...systemPorts(), clock: time.clock },
    {
      callWebhook: (request) => {
        asked.push(request)
        return new Promise(() => {})
      },
    },
  )
  api = askAs(server, admin)
  const service = { namespace: 'default', name: 'hook' }
  await configure(validating, 'v', hook('v', { clientConfig: { service }, timeoutSeconds: 7 }))
  const answer = api.post(cms, configMap('a'))
  await time.advance(7000)
  expect((await answer).body.message).toBe(
    `${failing}failed to call webhook: Post "https://hook.default.svc:443/?timeout=7s": context deadline exceeded`,
  )
  expect(asked[0]).toMatchObject({ target: { kind: 'service', name: 'hook', port: 443 } })
  expect(asked[0]?.signal.aborted).toBe(true)
})
