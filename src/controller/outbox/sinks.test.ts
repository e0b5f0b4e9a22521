/** Sinks against the real thing: an HTTP receiver that fails, hangs and redirects, a file that fills up, an API server. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { ReleaseEvent } from '#core/model/event.ts'
import { type CloudEvent, type Messages, plainVocabulary } from '#core/outbox/vocabulary.ts'
import { type AddressRules, strictRules } from '#kube/address-guard.ts'
import { connectTo } from '#kube/connect.ts'
import { reachThrough } from '#kube/reach.ts'
import { systemPorts } from '#kube/system.ts'
import { type Reply, scriptedApi } from '#kube/testing/scripted-api.ts'
import { sendDirect } from '#kube/transport.ts'
import { release } from '#test/gen/release.ts'
import { installed } from '#test/gen/story.ts'
import { fileSink } from './file.ts'
import { httpSink } from './http.ts'
import { kubernetesSink } from './kubernetes.ts'
import type { Outcome, Sink } from './sink.ts'

const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

const event: ReleaseEvent = {
  id: '0123456789abcdef',
  at: Date.UTC(2026, 10, 21, 3, 0, 0, 123),
  action: 'PromoteFull',
  reason: 'Promoting',
  message: 'promoted past all steps by ann',
  revision: '6f9c000000',
  role: 'canary',
  step: 2,
  by: 'ann',
  image: 'shop:v2',
}
const world = installed()
const { app, notebook } = world.observe()
const messages = plainVocabulary(event, app, notebook ?? neverStored())

function neverStored(): never {
  throw new Error('the release was installed and has a notebook')
}

async function once(sink: Sink, said: Messages = messages): Promise<Outcome | undefined> {
  const [attempt] = sink.attempts(said, { object: release(), event })
  return await attempt?.()
}

async function receiver(handler: RequestListener): Promise<string> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endings.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://localhost:${(server.address() as AddressInfo).port}/events?key=CANARY`
}

const local: AddressRules = { ...strictRules, loopback: true }

function toHttp(url: string, rules = local, token?: string): Sink {
  const api = scriptedApi((): Reply => ({ status: 404 }))
  const cluster = connectTo(api.transport, systemPorts())
  endings.push(() => void cluster.close())
  return httpSink({
    url,
    reach: reachThrough({ cluster, way: 'direct', rules, direct: sendDirect }),
    token: token === undefined ? undefined : () => Promise.resolve(token),
    now: () => Date.UTC(2026, 0, 1),
    timeoutMs: 300,
  })
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}

describe('CloudEvents over HTTP', () => {
  test('K62: a POST in structured mode, with all that CloudEvents 1.0 requires', async () => {
    let heard: Readonly<Record<string, string | undefined>> = {}
    const url = await receiver((request, response) => {
      const { method, headers } = request
      void bodyOf(request).then((body) => {
        heard = { method, type: headers['content-type'], auth: headers.authorization, body }
        response.writeHead(202).end()
      })
    })
    expect(await once(toHttp(url, local, 'secret\n'))).toEqual({ kind: 'delivered' })
    expect(heard).toMatchObject({
      method: 'POST',
      type: 'application/cloudevents+json',
      auth: 'Bearer secret',
    })
    const told = JSON.parse(heard['body'] ?? '') as CloudEvent
    expect(told).toMatchObject({
      specversion: '1.0',
      id: event.id,
      source: '/apis/headgate.dev/v1alpha1/namespaces/default/Release/shop',
      type: 'dev.headgate.release.promote-full',
      subject: '6f9c000000',
      time: '2026-11-21T03:00:00.123Z',
      datacontenttype: 'application/json',
      data: { name: 'shop', action: 'PromoteFull', by: 'ann', image: 'shop:v2' },
    })
  })

  const answers: readonly (readonly [string, RequestListener, Outcome['kind'], RegExp])[] = [
    ['500', (_, response) => response.writeHead(500).end(), 'later', /answered 500/],
    ['503', (_, response) => response.writeHead(503).end(), 'later', /answered 503/],
    ['404', (_, response) => response.writeHead(404).end(), 'later', /answered 404/],
    ['401', (_, response) => response.writeHead(401).end(), 'later', /answered 401/],
    ['400', (_, response) => response.writeHead(400).end(), 'refused', /answered 400/],
    ['415', (_, response) => response.writeHead(415).end(), 'refused', /answered 415/],
    ['410', (_, response) => response.writeHead(410).end(), 'gone', /no events any more/],
    ['nothing at all', () => undefined, 'later', /within 0\.3 s/],
    ['a broken connection', (request) => request.socket.destroy(), 'later', /cannot be reached/],
  ]
  for (const [name, handler, kind, why] of answers) {
    test(`${name} is ${kind}, and no key of the address is told`, async () => {
      const outcome = await once(toHttp(await receiver(handler)))
      expect(outcome?.kind).toBe(kind)
      expect(JSON.stringify(outcome)).toMatch(why)
      expect(JSON.stringify(outcome)).not.toContain('CANARY')
    })
  }

  test('a redirect is not followed', async () => {
    let reached = 0
    const inside = await receiver((_, response) => {
      reached += 1
      response.end()
    })
    const url = await receiver((_, response) => response.writeHead(307, { location: inside }).end())
    const outcome = await once(toHttp(url))
    expect(outcome).toMatchObject({
      kind: 'later',
      why: expect.stringContaining('redirects are not followed'),
    })
    expect(reached).toBe(0)
  })

  for (const [text, afterMs] of [
    ['7', 7000],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['soon', undefined],
  ] as const) {
    test(`429 with Retry-After: ${text}`, async () => {
      const url = await receiver((_, response) =>
        response.writeHead(429, { 'retry-after': text }).end(),
      )
      const outcome = await once(toHttp(url))
      expect(outcome).toEqual({
        kind: 'later',
        why: 'answered 429',
        ...(afterMs === undefined ? {} : { afterMs }),
      })
    })
  }

  test('the guard of addresses stands before it', async () => {
    const url = await receiver((_, response) => response.end())
    expect(await once(toHttp(url, strictRules))).toMatchObject({ kind: 'later' })
  })
})

describe('a file of lines', () => {
  const folder = (): string => {
    const path = mkdtempSync(join(tmpdir(), 'headgate-events-'))
    endings.push(() => rmSync(path, { recursive: true, force: true }))
    return path
  }
  const line = (text: string): Messages => ({ kubernetes: [], http: [], file: [{ text }] })

  test('is appended to, one line of JSON for each message', async () => {
    const path = join(folder(), 'events.jsonl')
    const sink = fileSink({ path, maxBytes: 1000, kept: 2 })
    for (const text of ['a', 'b']) await once(sink, line(text))
    expect(readFileSync(path, 'utf8')).toBe('{"text":"a"}\n{"text":"b"}\n')
  })

  test('is bounded: what is full is kept for a while under a number', async () => {
    const path = join(folder(), 'events.jsonl')
    const sink = fileSink({ path, maxBytes: 30, kept: 2 })
    for (const text of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await once(sink, line(text))
    const [now, last, before] = ['', '.1', '.2'].map((end) => readFileSync(path + end, 'utf8'))
    expect(now).toBe('{"text":"g"}\n')
    expect(last).toBe('{"text":"e"}\n{"text":"f"}\n')
    expect(before).toBe('{"text":"c"}\n{"text":"d"}\n')
    expect(() => readFileSync(`${path}.3`)).toThrow()
  })

  test('half a line of a process that died stays alone', async () => {
    const path = join(folder(), 'events.jsonl')
    writeFileSync(path, '{"text":"a"}\n{"te')
    await once(fileSink({ path, maxBytes: 1000, kept: 2 }), line('b'))
    expect(readFileSync(path, 'utf8')).toBe('{"text":"a"}\n{"te\n{"text":"b"}\n')
  })

  test('a folder that is missing is trouble, not the end', async () => {
    const path = join(folder(), 'missing', 'events.jsonl')
    const outcome = await once(fileSink({ path, maxBytes: 1000, kept: 2 }), line('a'))
    expect(outcome).toMatchObject({ kind: 'later', why: expect.stringContaining('ENOENT') })
  })
})

describe('Events of Kubernetes', () => {
  const answers: readonly (readonly [string, number, string, Outcome['kind']])[] = [
    ['AlreadyExists', 409, 'exists', 'delivered'],
    ['Forbidden', 403, 'not for you', 'later'],
    ['Forbidden', 403, 'the namespace is being terminated', 'refused'],
    ['Invalid', 422, 'the note is too long', 'refused'],
    ['NotFound', 404, 'no such namespace', 'refused'],
  ]
  for (const [reason, code, message, kind] of answers) {
    test(`${reason}, ${message}: ${kind}`, async () => {
      const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code, message }
      const api = scriptedApi((): Reply => ({ status: code, body }))
      const cluster = connectTo(api.transport, systemPorts())
      endings.push(() => void cluster.close())
      expect((await once(kubernetesSink(cluster, 'here')))?.kind).toBe(kind)
    })
  }

  test('are named after the transition, about the object, at the recorded instant', async () => {
    const api = scriptedApi(({ body = '' }): Reply => ({ status: 201, body }))
    const cluster = connectTo(api.transport, systemPorts())
    endings.push(() => void cluster.close())
    expect(await once(kubernetesSink(cluster, 'here'))).toEqual({ kind: 'delivered' })
    const [call] = api.calls
    expect(JSON.parse(String(call?.body))).toMatchObject({
      metadata: { name: `shop.${event.id}`, namespace: 'default' },
      regarding: { kind: 'Release', name: 'shop', uid: 'release-uid' },
      eventTime: '2026-11-21T03:00:00.123000Z',
      type: 'Normal',
      action: 'PromoteFull',
      reason: 'Promoting',
      note: 'promoted past all steps by ann',
    })
  })
})
