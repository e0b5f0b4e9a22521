/** Processes that die at a write of theirs, and a receiver of events that is as troubled as receivers are. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Transport } from '#kube/http.ts'

/** Lets so many writes of a process through; the next one is lost, or done and never heard of, and nothing after it. */
export function mortal(
  transport: Transport,
  writes: number,
  lost: boolean,
  onDeath: () => void,
): Transport {
  let left = writes
  return {
    close: transport.close,
    send: async (request, options) => {
      const { method } = request
      if (method === 'GET') return await transport.send(request, options)
      left -= 1
      if (left > 0) return await transport.send(request, options)
      if (left === 0 && !lost) await transport.send(request, options).catch(() => undefined)
      onDeath()
      return await new Promise(() => undefined)
    },
  }
}

export type Receiver<T> = {
  readonly url: string
  /** What arrived, in its order, also again. */
  readonly heard: readonly T[]
  /** Resolves once something did, which was in vain for whoever sent it. */
  readonly taken: Promise<void>
  readonly heal: () => void
  readonly close: () => void
}

/** Every kind of trouble comes round, the first in taking the message unheard, so that one is sure to come again. */
export async function troubledReceiver<T>(): Promise<Receiver<T>> {
  const heard: T[] = []
  let take = (): void => undefined
  const taken = new Promise<void>((resolve) => {
    take = resolve
  })
  let number = 0
  let healed = false
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    // Only what arrived whole counts: a sender that gives up on its way leaves the first trouble to the next one.
    request.on('end', () => {
      number += 1
      const trouble = healed
        ? 'none'
        : (['none', 'unheard', '500', 'hangs', '429'] as const)[number % 5]
      if (trouble === '500') return void response.writeHead(500).end()
      if (trouble === '429') return void response.writeHead(429, { 'retry-after': '1' }).end()
      if (trouble === 'hangs') return
      heard.push(JSON.parse(text) as T)
      take()
      if (trouble === 'unheard') request.socket.destroy()
      else response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    heard,
    taken,
    heal: () => {
      healed = true
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
