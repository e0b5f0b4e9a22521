import { createServer } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemPorts } from '#kube/system.ts'
import { type RunningApiServer, startApiServer } from '../start.ts'

let api: RunningApiServer
const echo = createServer((incoming, outgoing) => {
  outgoing.writeHead(200, {
    'content-type': incoming.headers['content-type'] ?? '',
    'x-url': incoming.url ?? '',
  })
  incoming.pipe(outgoing)
})
beforeAll(async () => {
  api = await startApiServer({ ports: systemPorts() })
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
  const { port } = echo.address() as AddressInfo
  const address = JSON.stringify({ '80': `127.0.0.1:${port}` })
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'echo', annotations: { 'local.headgate.dev/address': address } },
    spec: { ports: [{ port: 80 }] },
  }
  await ask(
    'POST',
    '/api/v1/namespaces/default/services',
    Buffer.from(JSON.stringify(service)),
    'application/json',
  )
})
afterAll(async () => {
  await api.close()
  echo.close()
})

function ask(method: string, path: string, body: Buffer, type: string) {
  const headers = {
    authorization: `Bearer ${api.token}`,
    'content-type': type,
    'content-length': body.length,
  }
  return new Promise<{ body: Buffer; url: unknown }>((resolve, reject) => {
    const outgoing = request(api.url + path, { method, headers, ca: api.caPem }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () =>
        resolve({ body: Buffer.concat(chunks), url: incoming.headers['x-url'] }),
      )
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
const types = ['application/octet-stream', 'application/vnd.kubernetes.protobuf', 'text/plain']
for (const type of types) {
  test(`a body of ${type} goes through the proxy byte for byte`, async () => {
    const path = '/api/v1/namespaces/default/services/echo:80/proxy/a%20b/c?d=e%26f'
    const answer = await ask('POST', path, everyByte, type)
    expect(answer.body.toString('hex')).toBe(everyByte.toString('hex'))
    expect(answer.url).toBe('/a%20b/c?d=e%26f')
  })
}
