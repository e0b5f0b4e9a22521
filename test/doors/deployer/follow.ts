/** Readers of a log that grows: a WebSocket client, and one of server-sent events. */
import { request } from 'undici'
import { WebSocket } from 'ws'

export type Followed = { readonly frames: readonly string[]; readonly code: number }

/** All frames until the deployer closes the socket. Rejects where the upgrade is refused. */
export function followSocket(
  url: string,
  options: {
    readonly protocols?: readonly string[]
    readonly headers?: Record<string, string>
  } = {},
): Promise<Followed> {
  return new Promise((resolve, reject) => {
    const { protocols = [], headers = {} } = options
    const socket = new WebSocket(url.replace(/^http/, 'ws'), [...protocols], { headers })
    const frames: string[] = []
    socket.on('message', (data, isBinary) => frames.push(`${isBinary ? 'binary ' : ''}${data}`))
    socket.on('close', (code) => resolve({ frames, code }))
    socket.on('error', reject)
  })
}

/** The lines of all `log` events until the stream ends. */
export async function followEvents(url: string): Promise<string> {
  const { body, headers } = await request(url)
  const text = await body.text()
  if (!String(headers['content-type']).startsWith('text/event-stream'))
    throw new Error(`no events: ${text}`)
  const events = text.split('\n\n').filter((event) => event.startsWith('event: log\n'))
  return events
    .flatMap((event) => event.split('\n').filter((line) => line.startsWith('data: ')))
    .map((line) => `${line.slice(6)}\n`)
    .join('')
}
