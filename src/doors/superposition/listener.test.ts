/** The listener and its records, over sockets and a real API server: who may speak, what is answered, what is written. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Release } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { strictRules } from '#kube/address-guard.ts'
import type { Cluster } from '#kube/cluster.ts'
import { connectTo } from '#kube/connect.ts'
import { KubeError } from '#kube/errors.ts'
import type { Transport } from '#kube/http.ts'
import type { Log, LogFacts } from '#kube/log.ts'
import type { Clock } from '#kube/ports.ts'
import { reachThrough } from '#kube/reach.ts'
import { systemClock, systemPorts } from '#kube/system.ts'
import { sendDirect } from '#kube/transport.ts'
import { type RunningApiServer, startApiServer } from '#local/api-server/start.ts'
import { established } from '#local/definitions.ts'
import { headgateDoor } from '../headgate/door.ts'
import { superpositionFace } from './entry.ts'
import { type Experiment, experimentKind } from './experiment.ts'
import { start } from './face.ts'

let server: RunningApiServer
let admin: Cluster
const ports = systemPorts()
const folder = mkdtempSync(join(tmpdir(), 'superposition-'))

beforeAll(async () => {
  server = await startApiServer({ ports })
  admin = connectTo(server.transport(), ports)
  const crds = [...headgateDoor.crds, ...superpositionFace.crds]
  for (const crd of crds) await admin.create(kinds.customResourceDefinition, crd)
  await established(
    admin,
    crds.map(({ metadata }) => metadata.name),
  )
  for (const name of ['mumbai', 'delhi'])
    await admin.create(kinds.namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
})
afterAll(async () => {
  await admin.close()
  await server.close()
  rmSync(folder, { recursive: true })
})

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

type Given = {
  readonly options?: Readonly<Record<string, string | boolean | readonly string[]>>
  readonly env?: Readonly<Record<string, string>>
  readonly transport?: Transport
  readonly clock?: Clock
  readonly host?: string
  readonly namespace?: string
  readonly log?: Log
}

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** A receiver that never leads: it only listens and records. Returns its base URL. */
async function listener(given: Given = {}): Promise<string> {
  const cluster = connectTo(given.transport ?? server.transport(), ports)
  const face = await start({
    cluster,
    clock: given.clock ?? ports.clock,
    reach: reachThrough({ cluster, way: 'proxy', rules: strictRules, direct: sendDirect }),
    log: given.log ?? silent,
    address: { host: given.host ?? '127.0.0.1', port: 0 },
    options: given.options ?? {},
    env: given.env ?? { SUPERPOSITION_URL: 'http://superposition.test:8080' },
    instance: 'test',
    ...(given.namespace === undefined ? {} : { namespace: given.namespace }),
  })
  ends.push(async () => {
    await face.stop()
    await cluster.close()
  })
  return `http://127.0.0.1:${face.port}`
}

let number = 0
/** A fresh experiment each time. */
function event(payload: Record<string, unknown> = {}, info: Record<string, unknown> = {}): string {
  number += 1
  return JSON.stringify({
    event_info: { webhook_event: 'ExperimentStarted', workspace_id: 'shop', ...info },
    payload: {
      id: `7300${number}`,
      context: { namespace: 'mumbai' },
      variants: [{ id: `7300${number}-blue`, variant_type: 'EXPERIMENTAL' }],
      traffic_percentage: 10,
      last_modified: '2026-11-21T10:00:00.000001Z',
      ...payload,
    },
  })
}

const json = { 'content-type': 'application/json' }

async function say(
  base: string,
  given: { method?: string; path?: string; body?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; message: string; headers: Headers }> {
  const { method = 'POST', path = '/hi', body, headers = json } = given
  const answer = await fetch(`${base}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  })
  const text = await answer.text()
  const { message = '' } = text === '' ? {} : (JSON.parse(text) as { message?: string })
  return { status: answer.status, message, headers: answer.headers }
}

/** A request as bytes, for what fetch does not send: a GET with a body. */
function raw(base: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(base).port), '127.0.0.1')
    let answer = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      answer += chunk
    })
    socket.on('close', () => resolve(answer)).on('error', reject)
    socket.end(text)
  })
}

function recordsOf(experiment: string): Promise<readonly Experiment[]> {
  return admin
    .list<Experiment>(experimentKind)
    .then(({ items }) => items.filter(({ spec }) => spec.experiment === experiment))
}

describe('requests', () => {
  test('M02, MD01: POST, PUT, PATCH and GET with a body are events, at both paths', async () => {
    const base = await listener()
    for (const method of ['POST', 'PUT', 'PATCH'])
      expect(await say(base, { method, body: event() })).toMatchObject({
        status: 200,
        message: 'deployment done!',
      })
    expect((await say(base, { path: '/events', body: event() })).status).toBe(200)
    const body = event()
    const head = `GET /hi HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${body.length}`
    expect(await raw(base, `${head}\r\n\r\n${body}`)).toMatch(
      /^HTTP\/1\.1 200[\s\S]*deployment done!/,
    )
    expect(await recordsOf(`7300${number}`)).toHaveLength(1)
  })

  test('M04, MD01: GET without a body and HEAD say that it is there, and change nothing', async () => {
    const base = await listener()
    expect(await say(base, { method: 'GET', headers: {} })).toMatchObject({
      status: 200,
      message: 'ready',
    })
    expect((await say(base, { method: 'HEAD', headers: {} })).status).toBe(200)
  })

  test('M05: the answer has one key, message, with the words of the original', async () => {
    const base = await listener()
    const answer = await fetch(`${base}/hi`, { method: 'POST', headers: json, body: event() })
    expect(await answer.json()).toEqual({ message: 'deployment done!' })
  })

  test('M06: events that are not known are answered 200 and change nothing', async () => {
    const base = await listener()
    const before = (await admin.list(experimentKind)).items.length
    const body = event({}, { webhook_event: 'ExperimentStartedTwice' })
    const answer = await say(base, { body })
    expect([answer.status, answer.headers.get('x-headgate-outcome')]).toEqual([200, 'ignored'])
    expect((await admin.list(experimentKind)).items).toHaveLength(before)
  })

  const rows: readonly [string, () => Parameters<typeof say>[1], number, RegExp][] = [
    ['M03: no JSON', () => ({ body: '{' }), 400, /no JSON object/],
    ['no body', () => ({}), 400, /no JSON object/],
    [
      'another content type',
      () => ({ body: event(), headers: { 'content-type': 'text/plain' } }),
      403,
      /application\/json/,
    ],
    ['DELETE', () => ({ method: 'DELETE' }), 405, /POST an event/],
    ['another path', () => ({ path: '/hello', body: event() }), 404, /\/hi and \/events/],
    [
      'MD16: a percentage that is none',
      () => ({ body: event({ traffic_percentage: 400 }) }),
      422,
      /0 to 100/,
    ],
    [
      'MD04: a namespace that cannot be one',
      () => ({ body: event({ context: { namespace: '../kube-system' } }) }),
      422,
      /no name of a namespace/,
    ],
    [
      'a namespace that is not there',
      () => ({ body: event({ context: { namespace: 'pune' } }) }),
      422,
      /"pune" not found/,
    ],
    [
      'more than a mebibyte',
      () => ({ body: event({ description: 'x'.repeat(1024 * 1024) }) }),
      413,
      /larger than 1048576/,
    ],
  ]
  for (const [name, given, status, message] of rows) {
    test(`${name}: ${status}, without effect`, async () => {
      const base = await listener()
      const before = (await admin.list(experimentKind)).items.length
      const answer = await say(base, given())
      expect(answer.status).toBe(status)
      expect(answer.message).toMatch(message)
      expect((await admin.list(experimentKind)).items).toHaveLength(before)
    })
  }

  test('a hostile web page gets nowhere', async () => {
    const base = await listener()
    const origin = { ...json, origin: 'http://evil.example.com' }
    expect((await say(base, { body: event(), headers: origin })).status).toBe(403)
    expect(
      await raw(base, 'GET /hi HTTP/1.1\r\nhost: evil.example.com\r\nconnection: close\r\n\r\n'),
    ).toMatch(/^HTTP\/1\.1 403/)
  })
})

describe('S19: authentication', () => {
  const file = join(folder, 'secrets')
  const withSecret = (): Promise<string> => {
    writeFileSync(file, 'new-secret\nold-secret\n')
    return listener({ options: { superpositionSecretFile: [file] } })
  }

  test('without the secret, or with a wrong one, nothing is taken', async () => {
    const base = await withSecret()
    expect((await say(base, { body: event() })).status).toBe(401)
    expect(
      (await say(base, { body: event(), headers: { ...json, authorization: 'Bearer no' } })).status,
    ).toBe(401)
    expect(await recordsOf(`7300${number}`)).toEqual([])
  })

  test('with any of several secrets an event is taken, and secrets are exchanged while it runs', async () => {
    const base = await withSecret()
    const bearing = async (secret: string): Promise<number> => {
      const headers = { ...json, authorization: `Bearer ${secret}` }
      return (await say(base, { body: event(), headers })).status
    }
    expect([await bearing('new-secret'), await bearing('old-secret')]).toEqual([200, 200])
    writeFileSync(file, 'newest-secret\n')
    expect([await bearing('newest-secret'), await bearing('old-secret')]).toEqual([200, 401])
  })

  test('the secret may travel in a header of its own', async () => {
    writeFileSync(file, 'new-secret\n')
    const options = {
      superpositionSecretFile: [file],
      superpositionSecretHeader: 'x-webhook-secret',
    }
    const base = await listener({ options })
    expect(
      (await say(base, { body: event(), headers: { ...json, 'x-webhook-secret': 'new-secret' } }))
        .status,
    ).toBe(200)
  })

  test('M04: the health check stays open', async () => {
    expect((await say(await withSecret(), { method: 'GET', headers: {} })).status).toBe(200)
  })

  test('too large a body is refused before anybody asks who sent it what', async () => {
    const base = await withSecret()
    const head = `POST /hi HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nauthorization: Bearer new-secret\r\ncontent-length: 99999999\r\n\r\n`
    expect(await raw(base, head)).toMatch(/^HTTP\/1\.1 413/)
  })

  test('M01: without authentication it stays on loopback and says so', async () => {
    const told: string[] = []
    const log = { ...silent, warn: (_: LogFacts, message: string) => told.push(message) }
    const base = await listener({ host: '0.0.0.0', log })
    expect(told.join()).toMatch(/this machine only, not on 0\.0\.0\.0/)
    expect((await say(base, { body: event() })).status).toBe(200)
  })
})

describe('what is written', () => {
  test('S12, M07: experiment, workspace, state, variants, event', async () => {
    const base = await listener()
    await say(base, {
      body: event({ name: 'bigger' }, { organisation_id: 'localorg', config_version: '17' }),
    })
    const [record] = await recordsOf(`7300${number}`)
    expect(record?.metadata).toMatchObject({ namespace: 'mumbai', name: `shop-7300${number}` })
    expect(record?.spec).toMatchObject({
      organisation: 'localorg',
      workspace: 'shop',
      service: 'shop',
      name: 'bigger',
      context: { namespace: 'mumbai' },
      state: 'INPROGRESS',
      trafficPercentage: 10,
      configVersion: '17',
      lastModified: '2026-11-21T10:00:00.000001Z',
      event: { name: 'ExperimentStarted' },
    })
  })

  test('MD18: sent twice at once by two replicas, it is written once', async () => {
    const [one, other] = [await listener(), await listener()]
    const body = event()
    const answers = await Promise.all([one, other, one, other].map((base) => say(base, { body })))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    const outcomes = answers.map(({ headers }) => headers.get('x-headgate-outcome'))
    expect(outcomes.filter((outcome) => outcome === 'recorded')).toHaveLength(1)
    expect(await recordsOf(`7300${number}`)).toHaveLength(1)
  })

  test('MD03: what names neither id nor context finds its experiment by a variant, wherever that is', async () => {
    const base = await listener()
    const variants = [{ id: 'variant-a', variant_type: 'EXPERIMENTAL' }]
    const old = { id: undefined, last_modified: undefined, variants }
    await say(base, { body: event({ ...old, context: { namespace: 'delhi' } }) })
    const ramp = event(
      { ...old, context: undefined, traffic_percentage: 25 },
      { webhook_event: 'ExperimentInprogress' },
    )
    // Another replica, which has seen nothing yet.
    expect((await say(await listener(), { body: ramp })).status).toBe(200)
    const record = await admin.get<Experiment>(experimentKind, {
      namespace: 'delhi',
      name: 'shop-variant-a',
    })
    expect(record.spec.trafficPercentage).toBe(25)
    const end = event(
      {
        ...old,
        variants: [],
        context: undefined,
        traffic_percentage: undefined,
        chosen_variant: 'variant-a',
      },
      { webhook_event: 'ExperimentConcluded' },
    )
    expect((await say(base, { body: end })).status).toBe(200)
    const ended = await admin.get<Experiment>(experimentKind, {
      namespace: 'delhi',
      name: 'shop-variant-a',
    })
    expect(ended.spec.state).toBe('CONCLUDED')
  })

  test('MD03, MD04: the last resort is the configured namespace, until somebody says another', async () => {
    const base = await listener({ options: { superpositionNamespace: 'delhi' } })
    const variants = [{ id: 'variant-b', variant_type: 'EXPERIMENTAL' }]
    const old = { id: undefined, last_modified: undefined, variants }
    await say(base, {
      body: event({ ...old, context: undefined }, { webhook_event: 'ExperimentInprogress' }),
    })
    const at = { name: 'shop-variant-b' }
    const assumed = await admin.get<Experiment>(experimentKind, { ...at, namespace: 'delhi' })
    expect(assumed.spec.namespaceAssumed).toBe(true)
    await expect
      .poll(async () => {
        await say(base, { body: event({ ...old, context: { namespace: 'mumbai' } }) })
        const { items } = await admin.list<Experiment>(experimentKind)
        return items
          .filter(({ metadata }) => metadata.name === at.name)
          .map(({ metadata }) => metadata.namespace)
      })
      .toEqual(['mumbai'])
  })

  test('MD04, M13: namespaces and workspaces that are not allowed are refused with 422', async () => {
    const options = { superpositionNamespaces: 'mumbai', superpositionTenants: 'shop' }
    const base = await listener({ options })
    expect((await say(base, { body: event() })).status).toBe(200)
    const elsewhere = await say(base, { body: event({ context: { namespace: 'delhi' } }) })
    expect([elsewhere.status, elsewhere.message]).toEqual([
      422,
      expect.stringContaining('--superposition-namespaces'),
    ])
    const other = await say(base, { body: event({}, { workspace_id: 'other' }) })
    expect([other.status, other.message]).toEqual([
      422,
      expect.stringContaining('--superposition-tenants'),
    ])
  })

  test('weakness 8: a controller of one namespace takes nothing for others', async () => {
    const base = await listener({ namespace: 'mumbai' })
    expect((await say(base, { body: event() })).status).toBe(200)
    expect((await say(base, { body: event({ context: { namespace: 'delhi' } }) })).status).toBe(422)
  })

  test('MD16: a Release of that name that is not ours is a conflict, 409', async () => {
    const metadata = { name: 'theirs', namespace: 'mumbai' }
    const container = { name: 'a', image: 'a' }
    await admin.create<Release>(kinds.release, {
      apiVersion: 'headgate.dev/v1alpha1',
      kind: 'Release',
      metadata,
      spec: {
        selector: { matchLabels: { app: 'a' } },
        template: { metadata: { labels: { app: 'a' } }, spec: { containers: [container] } },
        services: { stable: 'a' },
        traffic: { route: 'a' },
        strategy: { canary: { steps: [{ weight: 10 }] } },
      },
    })
    const base = await listener()
    await expect
      .poll(async () => (await say(base, { body: event({}, { workspace_id: 'theirs' }) })).status)
      .toBe(409)
  })

  test('MD16: two organisations do not share a service of one namespace', async () => {
    const base = await listener()
    const of = (organisation_id: string) =>
      say(base, { body: event({}, { workspace_id: 'twice', organisation_id }) })
    expect((await of('one')).status).toBe(200)
    await expect.poll(async () => (await of('other')).status).toBe(409)
    expect((await of('one')).status).toBe(200)
  })

  test('decision 27: without SUPERPOSITION_URL Started is asked to come again, what needs no configuration is taken', async () => {
    const base = await listener({ env: {} })
    const answer = await say(base, { body: event() })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
    expect(answer.message).toContain('SUPERPOSITION_URL')
    const created = event({}, { webhook_event: 'ExperimentCreated' })
    expect((await say(base, { body: created })).status).toBe(200)
  })

  test('MD16: while the API server cannot be written, 503 with Retry-After; nothing is answered 2xx that is not written', async () => {
    const inner = server.transport()
    let broken = false
    const transport: Transport = {
      ...inner,
      send: (request, options) =>
        broken
          ? Promise.reject(new KubeError({ reason: 'Unreachable', code: 0, message: 'no way' }))
          : inner.send(request, options),
    }
    const base = await listener({ transport })
    broken = true
    const body = event()
    const answer = await say(base, { body })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await recordsOf(`7300${number}`)).toEqual([])
    broken = false
    expect((await say(base, { body })).status).toBe(200)
  })

  test('MD17: while the API server hangs, nobody waits longer than five seconds, nor more than 64 at a time', async () => {
    const inner = server.transport()
    let hangs = false
    const transport: Transport = {
      ...inner,
      send: (request, options) => (hangs ? new Promise(() => {}) : inner.send(request, options)),
    }
    const base = await listener({ transport, clock: systemClock({ speed: 20 }) })
    hangs = true
    const answers = await Promise.all(
      Array.from({ length: 70 }, () => say(base, { body: event() })),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 503))
    const messages = answers.map(({ message }) => message)
    expect(messages.filter((message) => message.includes('too many events'))).toHaveLength(6)
    expect(messages.filter((message) => message.includes('not be recorded in time'))).toHaveLength(
      64,
    )
  })

  test('S08, S10, MD14: ConfigChanged is acknowledged', async () => {
    const body = JSON.stringify({
      event_info: {
        webhook_event: 'ConfigChanged',
        resource: 'context',
        action: ['Create'],
        workspace_id: 'shop',
        config_version: '8',
      },
      payload: [{ id: 'c' }],
    })
    expect((await say(await listener(), { body })).status).toBe(200)
  })
})

test('MD17, S20: each of sixty events at once costs one write, and is answered then', async () => {
  const inner = server.transport()
  const requests: string[] = []
  const transport: Transport = {
    ...inner,
    send: (request, options) => {
      if (options?.lane !== 'watch') requests.push(request.method)
      return inner.send(request, options)
    },
  }
  const base = await listener({ transport })
  await say(base, { body: event() })
  requests.length = 0
  const answers = await Promise.all(Array.from({ length: 60 }, () => say(base, { body: event() })))
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
  expect(requests.filter((method) => method !== 'GET')).toEqual(answers.map(() => 'POST'))
})
