import { Agent, request } from 'node:http'
import { connect } from 'node:http2'
import { afterEach, expect, test } from 'vitest'
import { systemPorts } from '#kube/system.ts'
import { type App, startApp } from './app.ts'

type Running = { readonly app: App; readonly url: string; readonly exited: Promise<number> }
const running: App[] = []

afterEach(() => {
  for (const app of running.splice(0)) app.kill()
})

async function run(image: string, env: Record<string, string> = {}): Promise<Running> {
  const exited = Promise.withResolvers<number>()
  const port = Promise.withResolvers<number>()
  const facts = { image, pod: 'shop-1', namespace: 'default', env, ports: [8080] }
  const app = startApp(facts, systemPorts(), {
    listening: ([pair]) => port.resolve(pair?.[1] ?? 0),
    ready: () => undefined,
    log: () => undefined,
    exited: exited.resolve,
  })
  running.push(app)
  return { app, url: `http://127.0.0.1:${await port.promise}`, exited: exited.promise }
}

test('answers on its paths, and says on every answer who it is', async () => {
  const { url } = await run('shop:v2')
  const rows = [
    ['/', 200, 'Hello! v2\n'],
    ['/hello', 200, 'Hello! v2\n'],
    ['/nothello', 500, 'Not hello.\n'],
    ['/health', 200, '{"healthy":true}\n'],
    ['/healthz', 200, '{"healthy":true}\n'],
    ['/ready', 200, '{"ready":true}\n'],
    ['/elsewhere', 404, 'Nothing at /elsewhere; try /hello.\n'],
  ] as const
  for (const [path, status, body] of rows) {
    const answer = await fetch(`${url}${path}`)
    expect([path, answer.status, await answer.text()]).toEqual([path, status, body])
    expect(answer.headers.get('x-pod')).toBe('shop-1')
    expect(answer.headers.get('x-version')).toBe('v2')
  }
})

test('tells its facts as JSON to those who ask for JSON', async () => {
  const { url } = await run('shop:v2', { COLOUR: 'green' })
  const answer = await fetch(`${url}/hello`, { headers: { accept: 'application/json' } })
  expect(await answer.json()).toEqual({
    image: 'shop:v2',
    version: 'v2',
    pod: 'shop-1',
    namespace: 'default',
    environment: { COLOUR: 'green' },
  })
})

test('fails exactly the share of requests that it is told to', async () => {
  const { url } = await run('shop:v3-error20')
  let failed = 0
  for (let index = 0; index < 50; index += 1) {
    const answer = await fetch(`${url}/`)
    await answer.text()
    if (answer.status === 500) failed += 1
  }
  expect(failed).toBe(10)
  const metrics = await (await fetch(`${url}/metrics`)).text()
  expect(metrics).toContain('http_requests_total{method="GET",path="/",status="500"} 10')
  expect(metrics).toContain('http_requests_total{method="GET",path="/",status="200"} 40')
  expect(metrics).toContain(
    'http_request_duration_seconds_bucket{method="GET",path="/",le="+Inf"} 50',
  )
})

test('answers 503 of its own beyond its concurrency', async () => {
  const { url } = await run('shop:v1-slow100', { SAMPLE_MAX_CONCURRENT: '2' })
  const answers = await Promise.all([1, 2, 3].map(() => fetch(`${url}/`)))
  const refused = answers.filter(({ status }) => status === 503)
  expect(refused).toHaveLength(1)
  expect(refused[0]?.headers.get('x-overloaded')).toBe('true')
  expect(refused[0]?.headers.get('x-pod')).toBe('shop-1')
})

test('is never ready when told so, yet healthy', async () => {
  const { url } = await run('shop:v3-neverready')
  expect((await fetch(`${url}/ready`)).status).toBe(503)
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
})

test('after SIGTERM it finishes what is in flight and still takes what comes meanwhile', async () => {
  const { app, url, exited } = await run('shop:v1-slow200')
  const before = fetch(`${url}/`)
  await (await fetch(`${url}/healthz`)).text()
  app.terminate()
  const meanwhile = fetch(`${url}/`)
  for (const answer of [await before, await meanwhile]) {
    expect([answer.status, await answer.text()]).toEqual([200, 'Hello! v1-slow200\n'])
  }
  expect(await exited).toBe(0)
  await expect(fetch(`${url}/`)).rejects.toThrow()
})

test('after SIGTERM an idle connection that is used once more is served', async () => {
  const { app, url, exited } = await run('shop:v1')
  const agent = new Agent({ keepAlive: true })
  const get = (): Promise<string | undefined> =>
    new Promise((resolve, reject) => {
      request(`${url}/`, { agent }, (answer) => {
        answer.resume()
        answer.once('end', () => resolve(answer.headers.connection))
      })
        .once('error', reject)
        .end()
    })
  expect(await get()).toBe('keep-alive')
  app.terminate()
  expect(await get()).toBe('close')
  expect(await exited).toBe(0)
})

test('answers calls of gRPC on the same port, with the same behaviour', async () => {
  const good = await run('shop:v2')
  const bad = await run('shop:v3-error100')
  const called = async (url: string, path: string) => {
    const session = connect(url)
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    const pieces: Buffer[] = []
    let head: Readonly<Record<string, unknown>> = {}
    let trailers: Readonly<Record<string, unknown>> = {}
    stream.on('response', (given) => {
      head = given
    })
    stream.on('trailers', (given) => {
      trailers = given
    })
    stream.on('data', (piece) => pieces.push(piece))
    stream.end(Buffer.alloc(5))
    await new Promise((resolve) => stream.once('close', resolve))
    session.destroy()
    return { head, trailers, message: Buffer.concat(pieces).toString('latin1') }
  }
  const hello = await called(good.url, '/shop.Shop/Hello')
  expect(hello.message).toBe('\0\0\0\0\x0b\x0a\x09Hello! v2')
  expect(hello.head).toMatchObject({ ':status': 200, 'x-pod': 'shop-1', 'x-version': 'v2' })
  expect(hello.trailers).toMatchObject({ 'grpc-status': '0' })
  const health = await called(good.url, '/grpc.health.v1.Health/Check')
  expect(health.message).toBe('\0\0\0\0\x02\x08\x01')
  const failed = await called(bad.url, '/shop.Shop/Hello')
  expect(failed.trailers).toMatchObject({ 'grpc-status': '13' })
  const metrics = await (await fetch(`${bad.url}/metrics`)).text()
  expect(metrics).toContain('http_requests_total{method="POST",path="/hello",status="500"} 1')
})

test('crashes on demand with exit code 1', async () => {
  const { exited } = await run('shop:v1', { SAMPLE_CRASH_AFTER_MS: '10' })
  expect(await exited).toBe(1)
})
