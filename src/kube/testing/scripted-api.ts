/** An API server that answers as a test scripts it, in memory: the place where faults come from. */
import type { HttpRequest, HttpResponse, SendOptions, Transport } from '../http.ts'

export type Call = HttpRequest & {
  readonly lane: SendOptions['lane']
  readonly query: URLSearchParams
  readonly isWatch: boolean
  /** Position among all calls, from 0. */
  readonly index: number
}

export type Reply =
  | {
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: unknown
    }
  | { readonly stream: Stream }
  /** The connection is refused or reset. */
  | { readonly broken: string }
  /** No answer, ever. */
  | 'silence'

export type Stream = {
  /** Text is taken as whole lines; bytes as they are. */
  readonly push: (...chunks: readonly (Uint8Array | object | string)[]) => void
  readonly end: () => void
  readonly breakOff: (message: string) => void
  readonly isOpen: () => boolean
  readonly body: AsyncIterable<Uint8Array | string>
}

export type ScriptedApi = {
  readonly transport: Transport
  readonly calls: readonly Call[]
  readonly watches: () => readonly Call[]
  readonly lists: () => readonly Call[]
  readonly closed: () => boolean
  /** Drops the record of calls, for runs too long to keep it. */
  readonly forget: () => void
}

export function scriptedApi(answer: (call: Call) => Reply | Promise<Reply>): ScriptedApi {
  const calls: Call[] = []
  let closed = false
  const send = async (request: HttpRequest, options: SendOptions = {}): Promise<HttpResponse> => {
    const query = new URL(request.path, 'http://api').searchParams
    const isWatch = query.get('watch') === 'true'
    const call = { ...request, lane: options.lane, query, isWatch, index: calls.length }
    calls.push(call)
    const reply = await answer(call)
    if (reply === 'silence') return new Promise(() => undefined)
    if ('broken' in reply) throw new Error(reply.broken)
    if ('stream' in reply) {
      options.signal?.addEventListener('abort', () => reply.stream.breakOff('aborted'))
      return { status: 200, headers: {}, body: reply.stream.body }
    }
    const { status, headers = {}, body = '' } = reply
    return { status, headers, body: once(typeof body === 'string' ? body : JSON.stringify(body)) }
  }
  const close = async (): Promise<void> => {
    closed = true
  }
  return {
    transport: { send, close },
    calls,
    watches: () => calls.filter((call) => call.isWatch),
    lists: () => calls.filter((call) => call.method === 'GET' && !call.isWatch),
    closed: () => closed,
    forget: () => {
      calls.length = 0
    },
  }
}

async function* once(text: string): AsyncGenerator<string> {
  if (text !== '') yield text
}

type Item = { readonly chunk: Uint8Array | string } | { readonly end: Error | undefined }

/** A response body that the test feeds. */
export function stream(): Stream {
  const items: Item[] = []
  let open = true
  let wake = (): void => undefined
  const add = (item: Item): void => {
    items.push(item)
    wake()
  }
  const finish = (error: Error | undefined): void => {
    if (open) add({ end: error })
    open = false
  }
  async function* read(): AsyncGenerator<Uint8Array | string> {
    while (true) {
      const item = items.shift()
      if (item === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      } else if ('chunk' in item) {
        yield item.chunk
      } else {
        if (item.end !== undefined) throw item.end
        return
      }
    }
  }
  return {
    push: (...chunks) => {
      for (const chunk of chunks) {
        if (chunk instanceof Uint8Array) add({ chunk })
        else add({ chunk: `${typeof chunk === 'string' ? chunk : JSON.stringify(chunk)}\n` })
      }
    },
    end: () => finish(undefined),
    breakOff: (message) => finish(new Error(message)),
    isOpen: () => open,
    body: { [Symbol.asyncIterator]: read },
  }
}
