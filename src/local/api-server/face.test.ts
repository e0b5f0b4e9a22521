/** The server behind its sockets: TLS, tokens, streams, and the ways to pods and logs. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAuthority } from '#kube/authority.ts'
import { systemPorts } from '#kube/system.ts'
import { type RunningApiServer, startApiServer } from './start.ts'

let api: RunningApiServer
let pod: Server
let podPort = 0

beforeAll(async () => {
  api = await startApiServer({ ports: systemPorts() })
  pod = createServer(answerAsPod)
  await new Promise<void>((resolve) => pod.listen(0, '127.0.0.1', resolve))
  podPort = (pod.address() as AddressInfo).port
})

afterAll(async () => {
  pod.closeAllConnections()
  pod.close()
  await api.close()
})

function answerAsPod(incoming: IncomingMessage, outgoing: ServerResponse): void {
  let body = ''
  incoming.on('data', (chunk) => {
    body += String(chunk)
  })
  incoming.on('end', () => {
    outgoing.setHeader('x-pod', 'p')
    const { authorization } = incoming.headers
    outgoing.end(
      JSON.stringify({ path: incoming.url, method: incoming.method, body, authorization }),
    )
  })
}

type Reply = { status: number; headers: IncomingMessage['headers']; text: string }

function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Reply> {
  const headers = {
    authorization: `Bearer ${api.token}`,
    'content-type': 'application/json',
    ...options.headers,
  }
  return new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(path, api.url),
      { method: options.method ?? 'GET', headers, ca: api.caPem },
      (incoming) => {
        let text = ''
        incoming.on('data', (chunk) => {
          text += String(chunk)
        })
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }),
        )
      },
    )
    outgoing.on('error', reject)
    outgoing.end(options.body)
  })
}

const post = (path: string, body: unknown) =>
  ask(path, { method: 'POST', body: JSON.stringify(body) })

test('the certificate holds for the address that is told', async () => {
  const { status, text } = await ask('/version')
  expect([status, JSON.parse(text).gitVersion]).toEqual([200, 'v1.34.4'])
})

const strangers: [string, Record<string, string>, number][] = [
  ['nobody', { authorization: '' }, 403],
  ['a wrong token', { authorization: 'Bearer x' }, 401],
  ['a web page', { origin: 'https://example.com' }, 403],
]
for (const [who, headers, status] of strangers) {
  test(`refuses ${who}`, async () => {
    expect((await ask('/api', { headers })).status).toBe(status)
  })
}

type Person = { readonly certPem: string; readonly keyPem: string }

function askWith(person: Person | undefined, path: string, headers: string[] = []): Promise<Reply> {
  const { key, cert } = { key: person?.keyPem, cert: person?.certPem }
  const all = ['content-type', 'application/json', 'host', new URL(api.url).host, ...headers]
  return new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(path, api.url),
      { method: 'POST', headers: all, ca: api.caPem, agent: false, key, cert },
      (incoming) => {
        let text = ''
        incoming.on('data', (chunk) => {
          text += String(chunk)
        })
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }),
        )
      },
    )
    outgoing.on('error', reject)
    outgoing.end('{}')
  })
}

const whoami = '/apis/authentication.k8s.io/v1/selfsubjectreviews'

test('a client certificate names its user and his groups', async () => {
  const jane = await api.clientCertificate({ name: 'jane', groups: ['team-a', 'team-b'] })
  const { status, text } = await askWith(jane, whoami)
  expect([status, JSON.parse(text).status.userInfo]).toEqual([
    201,
    {
      username: 'jane',
      groups: ['team-a', 'team-b', 'system:authenticated'],
      extra: {
        'authentication.kubernetes.io/credential-id': [
          expect.stringMatching(/^X509SHA256=[0-9a-f]{64}$/),
        ],
      },
    },
  ])
})

test('a certificate of another authority is none', async () => {
  const other = await createAuthority(systemPorts())
  const fake = await other.issueClient({ name: 'admin', groups: ['system:masters'] })
  const { status, text } = await askWith(fake, whoami)
  expect([status, JSON.parse(text)]).toEqual([
    401,
    {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Unauthorized',
      reason: 'Unauthorized',
      code: 401,
    },
  ])
  // A good token counts beside it.
  const bearer = ['authorization', `Bearer ${api.token}`]
  expect((await askWith(fake, whoami, bearer)).status).toBe(201)
})

test('who shows nothing is told what he may not do', async () => {
  const { status, text } = await askWith(undefined, whoami)
  expect([status, JSON.parse(text).message]).toEqual([
    403,
    'selfsubjectreviews.authentication.k8s.io is forbidden: User "system:anonymous" cannot create resource "selfsubjectreviews" in API group "authentication.k8s.io" at the cluster scope',
  ])
})

test('groups to act in come as headers of their own', async () => {
  const headers = [
    ...['authorization', `Bearer ${api.token}`, 'Impersonate-User', 'jane'],
    ...['Impersonate-Group', 'a', 'Impersonate-Group', 'b, c'],
  ]
  const { text } = await askWith(undefined, whoami, headers)
  expect(JSON.parse(text).status.userInfo.groups).toEqual(['a', 'b, c', 'system:authenticated'])
})

test('a token that was added lets its bearer in', async () => {
  api.tokens.set('secret-of-jane', { name: 'jane', groups: ['system:authenticated'] })
  const { text } = await askWith(undefined, whoami, ['authorization', 'Bearer secret-of-jane'])
  expect(JSON.parse(text).status.userInfo.username).toBe('jane')
})

test('reads what typed clients write in protocol buffers', async () => {
  // A Namespace named `pb`, as client-go encodes it.
  const meta = Buffer.from([0x0a, 0x02, 0x70, 0x62])
  const namespace = Buffer.concat([Buffer.from([0x0a, meta.length]), meta])
  const text = (value: string, field: number) =>
    Buffer.concat([Buffer.from([field, value.length]), Buffer.from(value)])
  const type = Buffer.concat([text('v1', 0x0a), text('Namespace', 0x12)])
  const body = Buffer.concat([
    Buffer.from('k8s\0'),
    Buffer.from([0x0a, type.length]),
    type,
    Buffer.from([0x12, namespace.length]),
    namespace,
  ])
  const headers = { 'content-type': 'application/vnd.kubernetes.protobuf' }
  const made = await ask('/api/v1/namespaces', { method: 'POST', headers, body })
  expect([made.status, JSON.parse(made.text).metadata.name]).toEqual([201, 'pb'])
})

test('a watch streams over the socket', async () => {
  const path = '/api/v1/namespaces/default/secrets?watch=1&timeoutSeconds=1'
  const watching = ask(path)
  await post('/api/v1/namespaces/default/secrets', {
    metadata: { name: 's' },
    stringData: { a: 'b' },
  })
  const events = (await watching).text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(events.map(({ type, object }) => `${type} ${object.data.a}`)).toEqual(['ADDED Yg=='])
})

const podObject = () => ({
  metadata: {
    name: 'p',
    labels: { app: 'p' },
    annotations: {
      'local.headgate.dev/address': JSON.stringify({ 8080: `127.0.0.1:${podPort}` }),
      'local.headgate.dev/logs': `http://127.0.0.1:${podPort}/logs/default/p`,
    },
  },
  spec: {
    containers: [{ name: 'app', image: 'a:1', ports: [{ name: 'web', containerPort: 8080 }] }],
  },
})

test('pods and services are reached through the proxy, logs through the kubelet', async () => {
  const base = '/api/v1/namespaces/default'
  await post(`${base}/pods`, podObject())
  await post(`${base}/services`, {
    metadata: { name: 'svc' },
    spec: { ports: [{ name: 'web', port: 80 }] },
  })
  const none = await ask(`${base}/services/svc:80/proxy/x`)
  expect([none.status, JSON.parse(none.text).message]).toEqual([
    503,
    'no endpoints available for service "svc:80"',
  ])
  await post('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 'svc-1', labels: { 'kubernetes.io/service-name': 'svc' } },
    addressType: 'IPv4',
    ports: [{ name: 'web', port: 8080 }],
    endpoints: [
      {
        addresses: ['10.0.0.1'],
        conditions: { ready: true },
        targetRef: { kind: 'Pod', name: 'p' },
      },
    ],
  })
  const seen: Record<string, unknown> = {}
  for (const way of [
    'pods/p:8080',
    'pods/http:p:web',
    'pods/p',
    'services/svc:80',
    'services/http:svc:web',
  ]) {
    const { text } = await ask(`${base}/${way}/proxy/a/b?c=d`, { method: 'POST', body: 'hello' })
    seen[way] = JSON.parse(text)
  }
  const answer = { path: '/a/b?c=d', method: 'POST', body: 'hello' }
  expect(Object.values(seen)).toEqual(Array(5).fill(answer))
  const log = await ask(`${base}/pods/p/log?tailLines=5`)
  expect(JSON.parse(log.text).path).toBe('/logs/default/p?tailLines=5&container=app')
})

test('the proxy dials nothing but loopback', async () => {
  const base = '/api/v1/namespaces/default/pods'
  const away = podObject()
  away.metadata.name = 'away'
  away.metadata.annotations['local.headgate.dev/address'] = JSON.stringify({ 8080: '192.0.2.1:80' })
  away.metadata.annotations['local.headgate.dev/logs'] = 'http://192.0.2.1/logs'
  await post(base, away)
  expect((await ask(`${base}/away:8080/proxy/`)).status).toBe(503)
  expect((await ask(`${base}/away/log`)).status).toBe(400)
})
