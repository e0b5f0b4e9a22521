/** WebSockets pass through every kind of route, and what is refused is refused as any request is. */
import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { request as secureRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { expect, test, vi } from 'vitest'
import { putIngress } from './testing/ingresses.ts'
import { ask, atEnd, pod, serves, type World, world } from './testing/running.ts'
import { backends, putRoute, putService } from './testing/world.ts'

/** A pod that takes WebSockets and echoes what comes, frame by frame unread. */
async function echoPod({ cluster }: World): Promise<void> {
  const made = await pod(cluster, 'echo', (incoming, response) => {
    response.writeHead(incoming.url === '/no' ? 403 : 200).end('plain')
  })
  made.server.on('upgrade', (incoming, socket: Duplex, head: Buffer) => {
    if (incoming.url === '/no') {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno')
      return
    }
    const accept = createHash('sha1').update(`${incoming.headers['sec-websocket-key']}x`)
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept.digest('base64')}\r\nX-Url: ${incoming.url}\r\n\r\nhello `,
    )
    socket.write(head)
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  })
  await putService(cluster, 'echo', ['echo'])
}

type Opened = { readonly headers: Record<string, unknown>; readonly socket: Duplex; text: string }

function open(port: number, path: string, host: string, tls = false): Promise<Opened | number> {
  return new Promise((resolve, reject) => {
    const headers = {
      host,
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'abc',
      'sec-websocket-version': '13',
    }
    const given = { host: '127.0.0.1', port, path, headers, rejectUnauthorized: false }
    const sent = tls ? secureRequest({ ...given, agent: false }) : request(given)
    sent.on('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sent.on('upgrade', (response, socket, head) => {
      const opened = { headers: response.headers, socket, text: head.toString() }
      socket.on('data', (piece) => {
        opened.text += piece
      })
      socket.on('error', () => undefined)
      atEnd(() => socket.destroy())
      resolve(opened)
    })
    sent.on('error', reject)
    sent.end()
  })
}

async function echoes(opened: Opened | number): Promise<void> {
  if (typeof opened === 'number') throw new Error(`answered with ${opened}`)
  expect(opened.headers['sec-websocket-accept']).toBeTruthy()
  opened.socket.write('ping')
  await vi.waitFor(() => expect(opened.text).toBe('hello ping'))
  opened.socket.end()
  await new Promise((resolve) => opened.socket.once('close', resolve))
}

test('passes through an HTTPRoute, an Ingress, a Service, and TLS', async () => {
  const made = await world()
  const { cluster, gateway } = made
  await echoPod(made)
  await putRoute(cluster, 'shop', {
    hostnames: ['route.test'],
    rules: [{ backendRefs: backends({ echo: 1 }) }],
  })
  await putIngress(cluster, 'shop', { service: 'echo' })
  await serves(gateway, '/', 'plain', { host: 'route.test' })
  await serves(gateway, '/', 'plain', { host: 'shop.test' })
  for (const host of ['route.test', 'shop.test', 'echo.default']) {
    await echoes(await open(gateway.port, '/socket', host))
  }
  await echoes(await open(gateway.httpsPort, '/socket', 'shop.test', true))
  expect(gateway.metrics()).toMatch(/nginx_ingress_controller_requests\{.*status="101"\} 2/)
})

test('a pod may refuse, and what no route takes is 404; other upgrades are plain requests', async () => {
  const made = await world()
  const { cluster, gateway } = made
  await echoPod(made)
  await putIngress(cluster, 'shop', { service: 'echo' })
  await serves(gateway, '/', 'plain', { host: 'shop.test' })
  expect(await open(gateway.port, '/no', 'shop.test')).toBe(403)
  expect(await open(gateway.port, '/', 'nowhere.test')).toBe(404)
  const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'x' }
  expect((await ask(gateway, '/', { host: 'shop.test', headers })).body).toBe('plain')
})

test('an open one does not hold up the end of the gateway', async () => {
  const made = await world()
  await echoPod(made)
  const opened = await open(made.gateway.port, '/socket', 'echo.default')
  if (typeof opened === 'number') throw new Error(`answered with ${opened}`)
  const closed = new Promise((resolve) => opened.socket.once('close', resolve))
  await made.gateway.stop()
  await closed
})
