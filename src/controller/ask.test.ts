/**
 * Asking over real HTTP: what a provider does wrong, up to a reading that never says a release is fine; and credentials,
 * which go where their Secret says and nowhere else.
 */
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import type { HttpAnswer, PodAsk, UrlAsk } from '#core/http-ask.ts'
import { prometheus } from '#core/metrics/prometheus.ts'
import type { Reading } from '#core/metrics/provider.ts'
import { type AddressRules, strictRules } from '#kube/address-guard.ts'
import { connectTo } from '#kube/connect.ts'
import { reachThrough, type Way } from '#kube/reach.ts'
import { systemPorts } from '#kube/system.ts'
import { authority } from '#kube/testing/certificates.ts'
import { type Reply, type ScriptedApi, scriptedApi } from '#kube/testing/scripted-api.ts'
import { sendDirect } from '#kube/transport.ts'
import { metric } from '#test/gen/metric.ts'
import { type Ask, askThrough } from './ask.ts'
import { addressAnnotation, secretsOf } from './secrets.ts'

const at = 1_795_000_000
const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

async function listening(server: Server & { closeAllConnections: () => void }): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endings.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

async function serving(handler: RequestListener): Promise<string> {
  return `http://localhost:${await listening(createServer(handler))}`
}

type Given = {
  readonly way?: Way
  readonly rules?: AddressRules
  readonly api?: ScriptedApi
}
const local: AddressRules = { ...strictRules, loopback: true }

function asker({ way = 'direct', rules = local, api = apiWith({}) }: Given = {}): Ask {
  const cluster = connectTo(api.transport, systemPorts())
  endings.push(() => void cluster.close())
  return askThrough(reachThrough({ cluster, way, rules, direct: sendDirect }), secretsOf(cluster))
}

/** An API server with Secrets, by name, that may change meanwhile. */
function apiWith(secrets: Record<string, object>): ScriptedApi {
  return scriptedApi(({ path }): Reply => {
    const name = /^\/api\/v1\/namespaces\/default\/secrets\/([^/?]+)$/.exec(path)?.[1] ?? ''
    const body = secrets[name]
    if (name === 'forbidden') return { status: 403, body: status('Forbidden', 403) }
    return body === undefined
      ? { status: 404, body: status('NotFound', 404) }
      : { status: 200, body }
  })
}

function status(reason: string, code: number): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code, message: 'no' }
}

let versions = 0
function secret(address: string, texts: Readonly<Record<string, string>>): object {
  versions += 1
  const data = Object.entries(texts).map(([key, value]) => [
    key,
    Buffer.from(value).toString('base64'),
  ])
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'prom',
      namespace: 'default',
      resourceVersion: String(versions),
      annotations: { [addressAnnotation]: address },
    },
    data: Object.fromEntries(data) as object,
  }
}

function question(url: string, changes: Partial<UrlAsk> = {}): UrlAsk {
  return {
    kind: 'url',
    method: 'GET',
    url,
    headers: {},
    body: undefined,
    secret: undefined,
    caBundle: undefined,
    timeoutMs: 5000,
    maxBytes: 1024 * 1024,
    ...changes,
  }
}

const withSecret = { secret: { namespace: 'default', name: 'prom' } }

function reading(answer: HttpAnswer): Reading {
  return prometheus.read(answer, { metric: metric(), part: 'value', at: at * 1000 })
}

function body(result: unknown, resultType = 'vector'): string {
  return JSON.stringify({ status: 'success', data: { resultType, result } })
}
const one = (value: unknown, time = at): string => body([{ metric: {}, value: [time, value] }])
const refusal = '{"status":"error","errorType":"execution","error":"CANARY"}'

describe('what a provider answers', () => {
  type Row = readonly [string, Reading['kind'], RequestListener]
  const text =
    (written: string, code = 200): RequestListener =>
    (_, response) => {
      response.writeHead(code)
      response.end(written)
    }
  const rows: readonly Row[] = [
    ['a value', 'value', text(one('0.5'))],
    [
      'a value with warnings',
      'value',
      text(one('0.5').replace('{"status"', '{"warnings":["w"],"status"')),
    ],
    [
      'a value, compressed',
      'value',
      (_, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' })
        response.end(gzipSync(one('0.5')))
      },
    ],
    ['status error', 'error', text(refusal, 422)],
    ['status error with code 200', 'error', text(refusal)],
    ['success with code 503', 'error', text(one('0.5'), 503)],
    ['a redirect to a good answer', 'error', (request, response) => redirected(request, response)],
    ['NaN', 'noData', text(one('NaN'))],
    ['+Inf', 'error', text(one('+Inf'))],
    ['-Inf', 'error', text(one('-Inf'))],
    ['an empty vector', 'noData', text(body([]))],
    ['several series', 'error', text(body([{ value: [at, '1'] }, { value: [at, '1'] }]))],
    ['a string', 'error', text(body([at, 'CANARY'], 'string'))],
    ['a text for a value', 'error', text(one('CANARY'))],
    ['a missing value', 'error', text(body([{ metric: {} }]))],
    ['a stale sample', 'noData', text(one('0.5', at - 60))],
    ['half a JSON text', 'error', text(one('0.5').slice(0, -5))],
    ['an HTML page', 'error', text('<html>CANARY</html>')],
    ['nothing', 'error', text('')],
    ['100 MB', 'error', (_, response) => flood(response, 100)],
    [
      'a bomb of 200 MB in gzip',
      'error',
      (_, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' })
        response.end(bomb)
      },
    ],
    [
      'a body shorter than announced',
      'error',
      (_, response) => {
        response.writeHead(200, { 'content-length': '1000' })
        response.write(one('0.5'))
        response.destroy()
      },
    ],
    ['a reset', 'error', (request) => request.socket.resetAndDestroy()],
    [
      'drops, for ever',
      'error',
      (_, response) => {
        const drip = setInterval(() => response.write(' '), 20)
        response.on('close', () => clearInterval(drip))
      },
    ],
    ['nothing at all', 'error', () => undefined],
  ]
  for (const [name, kind, handler] of rows)
    test(`${name}: ${kind}`, async () => {
      const before = process.memoryUsage().arrayBuffers
      const url = await serving(handler)
      const answer = await asker()(question(`${url}/api/v1/query?query=up`, { timeoutMs: 500 }))
      const found = reading(answer)
      expect(found.kind).toBe(kind)
      expect(JSON.stringify(found)).not.toContain('CANARY')
      expect(JSON.stringify(answer).length).toBeLessThan(1024 * 1024 + 100)
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024)
    })

  test('nobody there: an error with a sentence that has room for its reason', async () => {
    const url = await serving(() => undefined)
    endings.pop()?.()
    const answer = await asker()(question(`${url}/api/v1/query?query=${'x'.repeat(500)}`))
    expect(reading(answer)).toMatchObject({ kind: 'error' })
    expect(answer).toMatchObject({
      message: expect.stringMatching(/^http:\/\/localhost:\d+ cannot be reached: /) as string,
    })
  })
})

const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024))

function flood(response: Parameters<RequestListener>[1], megabytes: number): void {
  const chunk = Buffer.alloc(1024 * 1024, ' ')
  let sent = 0
  const more = (): void => {
    while (sent < megabytes) {
      sent += 1
      if (!response.write(chunk)) return void response.once('drain', more)
    }
    response.end(one('0.5'))
  }
  response.on('error', () => undefined)
  more()
}

function redirected(request: IncomingMessage, response: Parameters<RequestListener>[1]): void {
  if (request.url === '/good') return void response.end(one('0.5'))
  response.writeHead(302, { location: '/good' })
  response.end()
}

describe('credentials', () => {
  /** A provider that keeps what it was sent, and answers well who brings the token. */
  async function guarded(): Promise<{
    readonly url: string
    readonly seen: IncomingMessage['headers'][]
    token: string
  }> {
    const seen: IncomingMessage['headers'][] = []
    const provider = { url: '', seen, token: 'CANARY-1' }
    provider.url = await serving((request, response) => {
      seen.push(request.headers)
      const known = request.headers.authorization === `Bearer ${provider.token}`
      response.writeHead(known ? 200 : 401)
      response.end(known ? one('0.5') : '')
    })
    return provider
  }

  test('a bearer token goes to the address that its Secret is bound to', async () => {
    const provider = await guarded()
    const api = apiWith({ prom: secret(provider.url, { token: 'CANARY-1\n' }) })
    const answer = await asker({ api })(question(`${provider.url}/api/v1/query`, withSecret))
    expect(reading(answer)).toEqual({ kind: 'value', value: 0.5 })
  })

  const bindings = [
    ['another host', 'http://prometheus.monitoring.svc:9090'],
    ['another port', 'http://localhost:1'],
    ['another scheme', 'https://localhost'],
    ['another path', 'URL/other'],
    ['a path that only begins alike', 'URL/api/v1/que'],
    ['nothing', ''],
    ['no address', 'everything *'],
  ] as const
  for (const [name, address] of bindings)
    test(`a Secret bound to ${name} is not sent, and its owner is told how to bind it`, async () => {
      const provider = await guarded()
      const api = apiWith({
        prom: secret(address.replace('URL', provider.url), { token: 'CANARY-1' }),
      })
      const answer = await asker({ api })(question(`${provider.url}/api/v1/query`, withSecret))
      expect(answer).toEqual({
        kind: 'failed',
        message: `Secret default/prom is not bound to ${provider.url}; annotate it with headgate.dev/address: ${provider.url}`,
      })
      expect(provider.seen).toEqual([])
    })

  test('one Secret may be bound to several addresses, each with a path of its own', async () => {
    const provider = await guarded()
    const bound = `http://elsewhere.example ${provider.url}/api/`
    const api = apiWith({ prom: secret(bound, { token: 'CANARY-1' }) })
    const answer = await asker({ api })(question(`${provider.url}/api/v1/query`, withSecret))
    expect(answer.kind).toBe('answer')
  })

  const kindsOf = [
    [
      { username: 'ann', password: 'CANARY' },
      { authorization: `Basic ${Buffer.from('ann:CANARY').toString('base64')}` },
    ],
    [{ token: 't', username: 'ann', password: 'p' }, { authorization: 'Bearer t' }],
    [
      { 'header.X-Api-Key': 'CANARY', 'header.X-Scope-OrgID': 'team' },
      { 'x-api-key': 'CANARY', 'x-scope-orgid': 'team' },
    ],
  ] as const
  for (const [texts, headers] of kindsOf)
    test(`${Object.keys(texts).join(', ')} make ${Object.keys(headers).join(', ')}`, async () => {
      const provider = await guarded()
      const api = apiWith({ prom: secret(provider.url, texts) })
      await asker({ api })(question(provider.url, withSecret))
      expect(provider.seen[0]).toMatchObject(headers)
    })

  const broken: readonly (readonly [string, Record<string, object>, string, RegExp])[] = [
    ['that does not exist', {}, 'prom', /^Secret default\/prom does not exist; create it$/],
    [
      'that may not be read',
      {},
      'forbidden',
      /^Secret default\/forbidden may not be read; grant get/,
    ],
    [
      'with a header that is not for it',
      { prom: secret('x', { 'header.Host': 'CANARY' }) },
      'prom',
      /may not set the header host$/,
    ],
    [
      'that would act for somebody else',
      { prom: secret('x', { 'header.Impersonate-User': 'CANARY' }) },
      'prom',
      /may not set the header impersonate-user$/,
    ],
    [
      'with a line break in its token',
      { prom: secret('x', { token: 'a\r\nCANARY: b' }) },
      'prom',
      /has characters for authorization that a header cannot hold$/,
    ],
  ]
  for (const [name, secrets, asked, message] of broken)
    test(`a Secret ${name} is told without a word of it, and nothing is sent`, async () => {
      const provider = await guarded()
      const wanted = { secret: { namespace: 'default', name: asked } }
      const answer = await asker({ api: apiWith(secrets) })(question(provider.url, wanted))
      expect(answer).toEqual({ kind: 'failed', message: expect.stringMatching(message) as string })
      expect(JSON.stringify(answer)).not.toContain('CANARY')
      expect(provider.seen).toEqual([])
    })

  test('an answer that echoes credentials is cleaned of them', async () => {
    const url = await serving((request, response) => response.end(JSON.stringify(request.headers)))
    const texts = { username: 'ann', password: 'CANARY-word', 'header.x-key': 'CANARY-key' }
    const api = apiWith({ prom: secret(url, texts) })
    const answer = await asker({ api })(question(url, withSecret))
    expect(answer).toMatchObject({ body: expect.stringContaining('[redacted]') as string })
    const basic = Buffer.from('ann:CANARY-word').toString('base64')
    for (const word of ['CANARY', basic]) expect(JSON.stringify(answer)).not.toContain(word)
  })

  test('a text too short to be a secret leaves answers as they are', async () => {
    const url = await serving((_, response) => response.end(one('0.5')))
    const api = apiWith({ prom: secret(url, { 'header.x-scope-orgid': '5' }) })
    const answer = await asker({ api })(question(url, withSecret))
    expect(reading(answer)).toEqual({ kind: 'value', value: 0.5 })
  })

  test('a Secret is read once for many questions, one alone, and never listed or watched', async () => {
    const provider = await guarded()
    const api = apiWith({ prom: secret(provider.url, { token: 'CANARY-1' }) })
    const ask = asker({ api })
    await Promise.all(Array.from({ length: 20 }, () => ask(question(provider.url, withSecret))))
    await ask(question(provider.url, withSecret))
    expect(provider.seen).toHaveLength(21)
    expect(api.calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /api/v1/namespaces/default/secrets/prom',
    ])
  })

  test('a token that was changed is taken as soon as the old one is refused', async () => {
    const provider = await guarded()
    const secrets = { prom: secret(provider.url, { token: 'CANARY-1' }) }
    const ask = asker({ api: apiWith(secrets) })
    const status = async (): Promise<unknown> => {
      const answer = await ask(question(provider.url, withSecret))
      return answer.kind === 'answer' ? answer.status : answer.message
    }
    expect(await status()).toBe(200)
    provider.token = 'CANARY-2'
    secrets.prom = secret(provider.url, { token: 'CANARY-2' })
    expect([await status(), await status()]).toEqual([401, 200])
  })

  test("they do not travel through the API server's proxy", async () => {
    const address = 'http://prometheus.monitoring.svc:9090'
    const api = apiWith({ prom: secret(address, { token: 'CANARY' }) })
    const answer = await asker({ api, way: 'proxy' })(question(address, withSecret))
    expect(answer).toMatchObject({
      kind: 'failed',
      message: expect.stringContaining('run the controller in the cluster') as string,
    })
    expect(api.calls.map(({ path }) => path)).toEqual(['/api/v1/namespaces/default/secrets/prom'])
  })

  test('the guard of addresses comes before them', async () => {
    const provider = await guarded()
    const api = apiWith({ prom: secret(provider.url, { token: 'CANARY' }) })
    const answer = await asker({ api, rules: strictRules })(question(provider.url, withSecret))
    expect(answer).toMatchObject({ kind: 'failed' })
    expect(provider.seen).toEqual([])
  })
})

describe('many questions', () => {
  test('reach one address a few at a time; who answers slowly holds up nobody else', async () => {
    const held: (() => void)[] = []
    let most = 0
    const slow = await serving((_, response) => {
      held.push(() => response.end(one('0.5')))
      most = Math.max(most, held.length)
      if (held.length === 16) arrived()
    })
    const quick = await serving((_, response) => response.end(one('0.5')))
    let arrived = (): void => undefined
    const full = new Promise<void>((resolve) => {
      arrived = resolve
    })
    const ask = asker()
    const asked = Array.from({ length: 40 }, () => ask(question(slow)))
    await full
    expect(reading(await ask(question(quick)))).toEqual({ kind: 'value', value: 0.5 })
    expect(most).toBe(16)
    const freeing = setInterval(() => held.splice(0).forEach((end) => end()), 5)
    endings.push(() => clearInterval(freeing))
    const answers = await Promise.all(asked)
    expect(answers.every(({ kind }) => kind === 'answer')).toBe(true)
    expect(most).toBe(16)
  })
})

describe('https', () => {
  async function secured(): Promise<{
    readonly url: string
    readonly ca: string
    readonly client: { readonly cert: string; readonly key: string }
  }> {
    const own = await authority()
    const { cert, key } = await own.server('localhost')
    const server = createTlsServer(
      { cert, key, ca: own.ca, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        const { authorized } = request.socket as unknown as { readonly authorized: boolean }
        response.end(one(authorized ? '1' : '0'))
      },
    )
    const url = `https://localhost:${await listening(server)}`
    return { url, ca: own.ca, client: await own.client('headgate') }
  }

  test('an authority that nobody knows is not trusted', async () => {
    const { url } = await secured()
    expect((await asker()(question(url))).kind).toBe('failed')
  })

  test('that of caBundle is', async () => {
    const { url, ca } = await secured()
    expect(reading(await asker()(question(url, { caBundle: ca })))).toEqual({
      kind: 'value',
      value: 0,
    })
  })

  test('another one there is not', async () => {
    const { url } = await secured()
    const { ca } = await authority()
    expect((await asker()(question(url, { caBundle: ca }))).kind).toBe('failed')
  })

  test('authority and client certificate may come from the Secret', async () => {
    const { url, ca, client } = await secured()
    const texts = { 'ca.crt': ca, 'tls.crt': client.cert, 'tls.key': client.key }
    const api = apiWith({ prom: secret(url, texts) })
    expect(reading(await asker({ api })(question(url, withSecret)))).toEqual({
      kind: 'value',
      value: 1,
    })
  })
})

describe('pods', () => {
  const podAsk = (port: number): PodAsk => ({
    kind: 'pod',
    method: 'POST',
    pod: { namespace: 'shop', name: 'p-1', ip: '127.0.0.1', port, path: '/health?x=1' },
    headers: { accept: 'application/json' },
    body: undefined,
    timeoutMs: 1000,
    maxBytes: 1024,
  })

  test('are asked at their address in a cluster', async () => {
    const url = await serving((request, response) =>
      response.end(`${request.method} ${request.url}`),
    )
    const answer = await asker()(podAsk(Number(new URL(url).port)))
    expect(answer).toEqual({ kind: 'answer', status: 200, body: 'POST /health?x=1' })
  })

  test('are asked by name through the API server from elsewhere', async () => {
    const api = scriptedApi(({ method, path }) => ({ status: 200, body: `${method} ${path}` }))
    const answer = await asker({ way: 'proxy', api })(podAsk(8080))
    expect(answer).toEqual({
      kind: 'answer',
      status: 200,
      body: 'POST /api/v1/namespaces/shop/pods/p-1:8080/proxy/health?x=1',
    })
  })

  test('are not asked at an address that is this very host', async () => {
    const answer = await asker({ rules: strictRules })(podAsk(8080))
    expect(answer).toMatchObject({ kind: 'failed' })
  })
})
