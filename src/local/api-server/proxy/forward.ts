/** Carries one request to a loopback address and streams the answer back. */
import { request as httpRequest } from 'node:http'
import type { HttpResponse } from '#kube/http.ts'
import type { Call } from '../machine.ts'
import { unavailable } from '../status.ts'
import type { Address } from './addresses.ts'

/** Headers that belong to one connection, or that must not leave the server. */
const ownHeaders = new Set([
  'authorization',
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Rejects with a 503 when nobody answers there. A body that breaks off breaks off for the client as well. */
export function forward(call: Call, { host, port }: Address, path: string): Promise<HttpResponse> {
  const { method, headers, context } = call
  // Whatever it is, text or not, it goes on as it came.
  const body = context.bytes ?? Buffer.from(call.body)
  const passed = Object.entries(headers).filter(
    ([name]) => !ownHeaders.has(name) && !name.startsWith('impersonate-'),
  )
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      host,
      port,
      path,
      method,
      agent: false,
      headers: {
        ...Object.fromEntries(passed),
        host: `${host}:${port}`,
        'x-forwarded-uri': path,
        ...(body.length === 0 ? {} : { 'content-length': body.length }),
      },
      ...(context.signal === undefined ? {} : { signal: context.signal }),
    })
    outgoing.on('error', (error) => {
      reject(unavailable(`error trying to reach service: ${error.message}`))
    })
    outgoing.once('response', (incoming) => {
      const given = Object.entries(incoming.headers).filter(([name]) => !ownHeaders.has(name))
      resolve({
        status: incoming.statusCode ?? 502,
        headers: Object.fromEntries(
          given.map(([name, value]) => [
            name,
            Array.isArray(value) ? value.join(', ') : (value ?? ''),
          ]),
        ),
        body: incoming as AsyncIterable<Uint8Array>,
      })
    })
    outgoing.end(body)
  })
}
