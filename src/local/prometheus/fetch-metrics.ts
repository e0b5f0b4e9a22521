/** Fetches one target's metrics. A connection each, so that no idle one holds up a pod that wants to stop. */
import { Agent, get } from 'node:http'
import type { Clock } from '#kube/ports.ts'
import type { SocketAddress } from '../gateway/addresses.ts'

const agent = new Agent({ keepAlive: false })
const maxBytes = 16 * 1024 * 1024

/** @throws Error when there is no complete answer of 200 within the time and size allowed. */
export function fetchMetrics(
  { host, port }: SocketAddress,
  path: string,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ host, port, path, agent, headers: { accept: 'text/plain' } })
    const cancel = clock.after(timeoutMs, () => {
      request.destroy(new Error(`no metrics within ${timeoutMs} ms`))
    })
    const fail = (error: Error): void => {
      cancel()
      request.destroy()
      reject(error)
    }
    request.on('error', fail)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      let size = 0
      if (response.statusCode !== 200) return fail(new Error(`HTTP status ${response.statusCode}`))
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > maxBytes) fail(new Error(`more than ${maxBytes} bytes of metrics`))
        else chunks.push(chunk)
      })
      response.on('error', fail)
      response.on('end', () => {
        cancel()
        resolve(Buffer.concat(chunks).toString('utf8'))
      })
    })
  })
}
