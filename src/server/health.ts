/** The health listener: /healthz, /readyz and /metrics, plain HTTP, on a port of its own. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'
import { type Address, bind } from '#http/listen.ts'

export type Health = { readonly port: number; readonly stop: () => Promise<void> }

export type HealthOptions = Address & {
  readonly isReady: () => boolean
  readonly registry: Registry
}

export async function startHealth({
  isReady,
  registry,
  ...address
}: HealthOptions): Promise<Health> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0]
    if (path === '/healthz') return answer(response, 200, 'ok\n')
    if (path === '/readyz')
      return isReady() ? answer(response, 200, 'ok\n') : answer(response, 503, 'not ready\n')
    if (path === '/metrics') return void metrics(registry, response)
    answer(response, 404, 'only /healthz, /readyz and /metrics are here\n')
  })
  await bind(server, address)
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function metrics(registry: Registry, response: ServerResponse): Promise<void> {
  const text = await registry.metrics()
  response.writeHead(200, { 'content-type': registry.contentType }).end(text)
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text)
}
