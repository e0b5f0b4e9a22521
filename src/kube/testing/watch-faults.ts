/** What a bad proxy does to watch streams: lines late, dropped, repeated, in another order. */
import type { Transport } from '../http.ts'
import { nothingLeft, splitLines } from '../watch.ts'
import { stream } from './scripted-api.ts'

/** Takes one line and passes on what it likes, when it likes. */
export type LineFault = (line: string, pass: (line: string) => void) => void

/** Every watch through this transport gets a fault of its own; other requests pass unharmed. */
export function faultyWatches(transport: Transport, faultOf: () => LineFault): Transport {
  return {
    ...transport,
    send: async (request, options) => {
      const response = await transport.send(request, options)
      if (!request.path.includes('watch=true') || response.status !== 200) return response
      const out = stream()
      const fault = faultOf()
      options?.signal?.addEventListener('abort', () => out.breakOff('aborted'))
      const copy = async (): Promise<void> => {
        let remainder = nothingLeft
        for await (const chunk of response.body) {
          const split = splitLines(remainder, chunk)
          remainder = split.remainder
          for (const line of split.lines) fault(line, (passed) => out.push(passed))
        }
        out.end()
      }
      copy().catch(() => out.breakOff('reset'))
      return { ...response, body: out.body }
    },
  }
}
