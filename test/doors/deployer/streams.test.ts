/** Logs as they grow, for readers that come early, late, slowly, and go without a word. The records are written here. */
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import {
  type DeploymentRecord,
  deploymentKind,
  type LogChunk,
  logKind,
} from '#doors/deployer/kinds.ts'
import { type LogWriter, logWriter } from '#doors/deployer/log-writer.ts'
import { systemPorts } from '#kube/system.ts'
import { Client, descriptorOf } from './client.ts'
import { type Desk, openDesk } from './desk.ts'
import { followEvents, followSocket } from './follow.ts'

let desk: Desk
let client: Client
let writer: LogWriter
beforeAll(async () => {
  desk = await openDesk()
  client = new Client(desk.url)
  writer = logWriter(desk.cluster, systemPorts().clock)
})
afterAll(async () => {
  await desk?.stop()
})

async function begun(): Promise<DeploymentRecord> {
  const id = await client.deploy(await client.describe(descriptorOf('shop')))
  return desk.cluster.get<DeploymentRecord>(deploymentKind, { namespace: 'default', name: id })
}

async function ends({ metadata: { name } }: DeploymentRecord): Promise<void> {
  const status = { status: 'DEPLOYED', lastModified: '2026-01-01T00:00:00Z' }
  const at = { namespace: 'default', name }
  await desk.cluster.patch(deploymentKind, at, 'merge', { status }, { subresource: 'status' })
}

const stream = ({ metadata }: DeploymentRecord): string =>
  `${desk.url}/stream/deployments/${metadata.name}/logs?namespace=default`

/** Resolves with the socket once its first frame came. */
function opened(url: string): Promise<{ socket: WebSocket; first: string }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace(/^http/, 'ws'))
    socket.once('message', (data) => resolve({ socket, first: String(data) }))
    socket.once('error', reject)
  })
}

test('the first frame is the whole log so far, the next ones only what is new', async () => {
  const record = await begun()
  await writer.add(record.metadata, ['one', 'two'])
  const { socket, first } = await opened(stream(record))
  expect(first.split('\n').map((line) => line.slice(25))).toEqual(['one', 'two', ''])
  const next = new Promise((resolve) => socket.once('message', (data) => resolve(String(data))))
  await writer.add(record.metadata, ['three'])
  expect(await next).toMatch(/^\S+ three\n$/)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await ends(record)
  expect(await closed).toBe(1000)
})

test('lines written just before the end are not lost, to a socket or to events', async () => {
  const record = await begun()
  const both = Promise.all([followSocket(stream(record)), followEvents(stream(record))])
  for (let index = 0; index < 50; index += 1) await writer.add(record.metadata, [`line ${index}`])
  await ends(record)
  const [{ frames }, events] = await both
  const log = await client.logs(record.metadata.name)
  expect(log.split('\n')).toHaveLength(51)
  expect(frames.join('')).toBe(log)
  expect(events).toBe(log)
})

test('of a deployment at rest the log is sent and the socket closed', async () => {
  const record = await begun()
  await writer.add(record.metadata, ['over'])
  await ends(record)
  const { frames, code } = await followSocket(stream(record))
  expect([frames.length, code]).toEqual([1, 1000])
  expect(frames[0]).toMatch(/^\S+ over\n$/)
})

test('of an unknown deployment an error is sent as a frame', async () => {
  const { frames } = await followSocket(
    `${desk.url}/stream/deployments/nothing/logs?namespace=default`,
  )
  expect(frames).toEqual(['!!error deployment nothing was not found'])
})

test('a reader that goes midway hurts nobody', async () => {
  const record = await begun()
  await writer.add(record.metadata, ['one'])
  const other = followSocket(stream(record))
  const { socket } = await opened(stream(record))
  socket.terminate()
  await writer.add(record.metadata, ['two'])
  await ends(record)
  expect((await other).frames.join('')).toBe(await client.logs(record.metadata.name))
})

test('a reader that takes nothing is let go of once too much waits for it', async () => {
  const record = await begun()
  const socket = connect(desk.face.port, '127.0.0.1')
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => {})
  const { pathname, search } = new URL(stream(record))
  await new Promise<void>((resolve) => {
    socket.write(
      `GET ${pathname}${search} HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    )
    socket.once('data', () => {
      socket.pause()
      resolve()
    })
  })
  const lines = Array.from({ length: 60 }, () => 'a'.repeat(8000))
  const fed = (async () => {
    for (let round = 0; round < 60 && !socket.destroyed; round += 1)
      await writer.add(record.metadata, lines)
  })()
  await fed
  socket.resume()
  await closed
  await ends(record)
}, 60_000)

test('a long log is kept in parts of a quarter of a megabyte, and read back whole', async () => {
  const record = await begun()
  const lines = Array.from({ length: 200 }, (_, index) => `${index} ${'x'.repeat(4000)}`)
  for (let begin = 0; begin < 200; begin += 20)
    await writer.add(record.metadata, lines.slice(begin, begin + 20))
  const log = await client.logs(record.metadata.name)
  expect(
    log
      .split('\n')
      .slice(0, -1)
      .map((line) => line.slice(25)),
  ).toEqual(lines)
  const { items } = await desk.cluster.list<LogChunk>(logKind, {
    namespace: 'default',
    labelSelector: `deployer.headgate.dev/deployment=${record.metadata.name}`,
  })
  expect(items.length).toBeGreaterThan(2)
  for (const { spec } of items)
    expect(Buffer.byteLength(spec.lines.join('\n'))).toBeLessThanOrEqual(256 * 1024)
})

test('two who write at once lose no line of each other', async () => {
  const record = await begun()
  const other = logWriter(desk.cluster, systemPorts().clock)
  const texts = (who: string) => Array.from({ length: 20 }, (_, index) => `${who} ${index}`)
  const write = async (by: LogWriter, who: string): Promise<void> => {
    for (const text of texts(who)) await by.add(record.metadata, [text])
  }
  await Promise.all([write(writer, 'a'), write(other, 'b')])
  const log = await client.logs(record.metadata.name)
  const said = log
    .split('\n')
    .slice(0, -1)
    .map((line) => line.slice(25))
  expect(said.toSorted()).toEqual([...texts('a'), ...texts('b')].toSorted())
})
