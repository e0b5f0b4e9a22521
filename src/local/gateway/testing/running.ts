/** For tests: a gateway on a test cluster, pods behind it, and requests as clients send them. */
import { type Agent, type IncomingHttpHeaders, request } from 'node:http'
import { request as secureRequest } from 'node:https'
import { afterEach, expect, vi } from 'vitest'
import { systemPorts } from '#kube/system.ts'
import { type GatewayOptions, type LocalGateway, startGateway } from '../start.ts'
import { type TestCluster, testCluster } from './test-cluster.ts'
import { type FakePod, fakePod, putGateway, putService } from './world.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** To be done when the test is over, the last first. */
export function atEnd(end: () => unknown): void {
  ends.push(end)
}

export type World = {
  readonly cluster: TestCluster
  readonly gateway: LocalGateway
  /** What the gateway reported. */
  readonly reports: readonly string[]
}

/** Follows at once and splits to the request, unless told otherwise; chance comes from a seed. */
export async function world(options: GatewayOptions = {}): Promise<World> {
  const ports = { ...systemPorts(), random: seeded(7) }
  const cluster = await testCluster(ports)
  atEnd(cluster.close)
  await putGateway(cluster)
  const reports: string[] = []
  const gateway = await startGateway(cluster.cluster, ports, {
    port: 0,
    followDelayMs: 0,
    split: 'exact',
    report: (error) => reports.push(String(error)),
    ...options,
  })
  atEnd(gateway.stop)
  return { cluster, gateway, reports }
}

/** A small generator of numbers in [0, 1): the same seed, the same split. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A pod that answers with its name. */
export async function pod(
  cluster: TestCluster,
  name: string,
  listener: Parameters<typeof fakePod>[2] = (_, response) => response.end(name),
  labels: Readonly<Record<string, string>> = {},
): Promise<FakePod> {
  const made = await fakePod(cluster, name, listener, labels)
  atEnd(made.close)
  return made
}

/** For each name a Service with one pod of that name. */
export async function podsWithServices(cluster: TestCluster, ...names: string[]): Promise<void> {
  for (const name of names) {
    await pod(cluster, name)
    await putService(cluster, name, [name])
  }
}

export type Got = {
  readonly status: number
  readonly body: string
  readonly headers: IncomingHttpHeaders
}

export type AskOptions = {
  readonly method?: string
  /** The Host header. */
  readonly host?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly agent?: Agent
  /** Over TLS, with `host` as server name; any certificate will do. */
  readonly tls?: boolean
  /** Told of the subject's names in the server's certificate. */
  readonly onCertificate?: (names: string) => void
}

export function ask(
  gateway: Pick<LocalGateway, 'port' | 'httpsPort'>,
  path = '/',
  options: AskOptions = {},
): Promise<Got> {
  const { body, host, headers = {}, tls = false, onCertificate, ...rest } = options
  const all = host === undefined ? headers : { host, ...headers }
  const name = host?.replace(/:\d+$/, '')
  return new Promise((resolve, reject) => {
    const given = { host: '127.0.0.1', path, headers: all, ...rest }
    const sent = tls
      ? secureRequest({
          ...given,
          port: gateway.httpsPort,
          rejectUnauthorized: false,
          // A connection that is used again would show the certificate of its first time.
          agent: false,
          ...(name === undefined ? {} : { servername: name }),
        })
      : request({ ...given, port: gateway.port })
    sent.on('response', (response) => {
      let text = ''
      const { socket } = response as { socket: { getPeerCertificate?: () => object } }
      const certificate = socket.getPeerCertificate?.() as { subjectaltname?: string } | undefined
      onCertificate?.(certificate?.subjectaltname ?? '')
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Waits until a request is answered with this body. */
export async function serves(
  gateway: LocalGateway,
  path: string,
  body: string,
  options: AskOptions = {},
): Promise<void> {
  await vi.waitFor(async () => expect((await ask(gateway, path, options)).body).toBe(body), {
    interval: 5,
    timeout: 3000,
  })
}

/** How many of so many requests got each body; twenty at a time. */
export async function counts(
  gateway: LocalGateway,
  requests: number,
  options: AskOptions = {},
  path = '/',
): Promise<Readonly<Record<string, number>>> {
  const found: Record<string, number> = {}
  let left = requests
  const client = async (): Promise<void> => {
    while (left > 0) {
      left--
      const { body } = await ask(gateway, path, options)
      found[body] = (found[body] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: 20 }, client))
  return found
}

/** Fails unless a count lies within four standard deviations of what its share makes likely. */
export function expectShare(count: number, requests: number, share: number): void {
  const spread = 4 * Math.sqrt(requests * share * (1 - share))
  expect(count).toBeGreaterThanOrEqual(Math.floor(requests * share - spread))
  expect(count).toBeLessThanOrEqual(Math.ceil(requests * share + spread))
}
