/** A real HTTP server that answers queries as a Prometheus should, or in one of the ways in which it should not. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { kinds } from '#core/k8s/kinds.ts'
import type { Cluster } from '#kube/cluster.ts'

/** Answers a query that was asked for this time, in seconds. */
type Manner = (response: ServerResponse, time: number) => void

const megabyte = 'x'.repeat(1024 * 1024)

export const manners = {
  well: (response, time) => vector(response, [[time, '0']]),
  notANumber: (response, time) => vector(response, [[time, 'NaN']]),
  infinite: (response, time) => vector(response, [[time, '+Inf']]),
  minusInfinite: (response, time) => vector(response, [[time, '-Inf']]),
  text: (response, time) => vector(response, [[time, 'all is well']]),
  missingValue: (response) =>
    success(response, { resultType: 'vector', result: [{ metric: { pod: '0' } }] }),
  /** A good number, of five minutes ago. */
  stale: (response, time) => vector(response, [[time - 300, '0']]),
  errorWithSuccessCode: (response) =>
    send(response, 200, JSON.stringify({ status: 'error', errorType: 'timeout', error: 'secret' })),
  /** Nobody is there any more: the connection ends without a word. */
  down: (response) => void response.destroy(),
  severalSeries: (response, time) =>
    vector(response, [
      [time, '0'],
      [time, '1'],
    ]),
  noSeries: (response) => vector(response, []),
  aString: (response, time) =>
    success(response, { resultType: 'string', result: [time, 'all is well'] }),
  errorStatus: (response) =>
    send(
      response,
      422,
      JSON.stringify({ status: 'error', errorType: 'execution', error: 'secret' }),
    ),
  unavailable: (response) => send(response, 503, 'no'),
  noJson: (response) => send(response, 200, '<html>sign in</html>'),
  /** A hundred megabytes, as fast as they are taken. */
  huge: (response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    let left = 100
    const more = (): void => {
      while (left > 0 && !response.destroyed) {
        left -= 1
        if (!response.write(megabyte)) return void response.once('drain', more)
      }
      response.end()
    }
    more()
  },
  /** A few kilobytes that become a hundred megabytes. */
  gzipBomb: (response) => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    response.writeHead(200, headers).end(bomb())
  },
} satisfies Record<string, Manner>

export type MannerName = keyof typeof manners

let packed: Buffer | undefined

function bomb(): Buffer {
  packed ??= gzipSync(Buffer.alloc(100 * 1024 * 1024, 'x'))
  return packed
}

function vector(response: ServerResponse, values: readonly (readonly [number, string])[]): void {
  const result = values.map((value, index) => ({ metric: { pod: String(index) }, value }))
  success(response, { resultType: 'vector', result })
}

function success(response: ServerResponse, data: object): void {
  send(response, 200, JSON.stringify({ status: 'success', data }))
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body)
}

export type FakePrometheus = {
  /** How queries are answered, by their text; other queries are answered well. */
  readonly answers: Map<string, MannerName>
  /** Makes a Service of this name in `default` that leads here. */
  readonly serveAs: (cluster: Cluster, name: string) => Promise<void>
  readonly stop: () => Promise<void>
}

export async function fakePrometheus(): Promise<FakePrometheus> {
  const answers = new Map<string, MannerName>()
  const server = createServer((request: IncomingMessage, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://prometheus')
    const manner = answers.get(searchParams.get('query') ?? '') ?? 'well'
    manners[manner](response, Number(searchParams.get('time')))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    answers,
    serveAs: async (cluster, name) => {
      const address = JSON.stringify({ '9090': `127.0.0.1:${port}` })
      await cluster.create(kinds.service, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: {
          name,
          namespace: 'default',
          annotations: { 'local.headgate.dev/address': address },
        },
        spec: { ports: [{ name: 'http', port: 9090 }] },
      } as never)
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
