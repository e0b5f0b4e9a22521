/**
 * Credentials that rotate, connections that break, over real sockets, again and again: neither
 * sockets nor memory pile up. The transport's half of month.test.ts.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import { plainConfig } from './cluster-config.ts'
import { connectTo } from './connect.ts'
import type { Clock, Ports } from './ports.ts'
import { systemClock, systemPorts } from './system.ts'
import { bookmark, event, listOf, sample } from './testing/objects.ts'
import { handles, liveHeapBytes, slopeOf } from './testing/slope.ts'
import { socketTransport } from './transport.ts'
import { virtualClock } from './virtual-clock.ts'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const days = 30
const warmUpDays = 5
/** Enough for a leak of a connection or a listener each to show. */
const rotationsADay = 10

/** A server that knows one token, and whose watches can be ended or cut. */
async function tokenServer() {
  let token = ''
  let version = 5
  const sockets = new Set<Socket>()
  const watches = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    if (request.headers.authorization !== `Bearer ${token}`) {
      response.statusCode = 401
      response.end('{}')
    } else if (request.url?.includes('watch=true') !== true) {
      response.end(JSON.stringify(listOf(version, [])))
    } else {
      watches.add(response)
      response.on('close', () => watches.delete(response))
      version += 1
      const isInitial = request.url.includes('sendInitialEvents')
      response.write(`${JSON.stringify(event('ADDED', sample('a', version)))}\n`)
      response.write(`${JSON.stringify(bookmark(version, isInitial))}\n`)
    }
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    expect: (next: string) => {
      token = next
    },
    /** Ends every watch, or cuts every connection. */
    interrupt: (how: 'end' | 'cut') => {
      if (how === 'cut') for (const socket of sockets) socket.destroy()
      for (const watch of watches) watch.end()
    },
    connections: () => sockets.size,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Waits after failures, 15 s at most without chance, are cut short; time-outs are as ever. */
function impatient(clock: Clock): Clock {
  return { ...clock, after: (ms, call) => clock.after(ms <= 15_000 ? Math.min(ms, 3) : ms, call) }
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

test('three hundred rotated tokens and broken connections: heap, sockets and handles do not grow', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-'))
  endings.push(() => rm(folder, { recursive: true }))
  const path = join(folder, 'token')
  const server = await tokenServer()
  endings.push(server.close)
  // Credentials live in virtual time, so that a token is a minute old when the test says so.
  const { clock, advance } = virtualClock()
  const config = plainConfig(server.url, { credentials: { kind: 'tokenFile', path } })
  const ports: Ports = { ...systemPorts(), clock: impatient(systemClock()), random: () => 0 }
  server.expect('t0')
  await writeFile(path, 't0')
  const cluster = connectTo(socketTransport(config, { clock }), ports)
  endings.push(cluster.close)
  const cache = cluster.watch(kinds.configMap)
  await cache.synced()
  const samples: { heap: number; handles: number; sockets: number }[] = []
  for (let rotation = 1; rotation <= days * rotationsADay; rotation += 1) {
    const before = cache.resourceVersion()
    await writeFile(path, `t${rotation}`)
    server.expect(`t${rotation}`)
    // Half of the time the old token is still held and refused, which is noticed as well.
    if (rotation % 2 === 0) await advance(60_000)
    server.interrupt(rotation % 10 === 0 ? 'cut' : 'end')
    await until(() => cache.resourceVersion() !== before)
    assert.equal((await cluster.raw({ path: '/api/v1/configmaps' })).status, 200)
    if (rotation % rotationsADay !== 0) continue
    samples.push({
      heap: liveHeapBytes() / 1024 / 1024,
      handles: handles(),
      sockets: server.connections(),
    })
  }
  const steady = samples.slice(warmUpDays)
  const slopes = (['heap', 'handles', 'sockets'] as const).map((what) =>
    slopeOf(steady.map((day) => day[what])),
  )
  const [heap = Infinity, handlesADay = Infinity, socketsADay = Infinity] = slopes
  console.log(`a day: heap ${heap.toFixed(4)} MiB, handles ${handlesADay}, sockets ${socketsADay}`)
  assert.ok(heap <= 0.1, `${heap} MiB a day`)
  assert.ok(handlesADay <= 0.1, `${handlesADay} handles a day`)
  assert.ok(socketsADay <= 0.1, `${socketsADay} sockets a day`)
  assert.ok(Math.max(...samples.map(({ sockets }) => sockets)) <= 4)
}, 60_000)
