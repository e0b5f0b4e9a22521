/** Questions to whoever signs tokens: over verified TLS, bounded in size and time, redirected nowhere. */
import { readFile } from 'node:fs/promises'
import { Agent, type Dispatcher, request } from 'undici'
import { isLoopback } from '../loopback.ts'

const mostBytes = 256 * 1024
const timeoutMs = 5000

/** A way to this address. @throws Error that names the option, when the address is none that may be asked. */
export async function safely(
  url: string,
  option: string,
  caFile: string | undefined,
): Promise<Dispatcher> {
  const { protocol, host } = URL.canParse(url) ? new URL(url) : { protocol: '', host: '' }
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback(host)))
    throw new Error(`${option} ${url} must be an https address`)
  const ca = caFile === undefined ? undefined : await readFile(caFile, 'utf8')
  return new Agent({ connect: ca === undefined ? {} : { ca } })
}

/** `form` makes it a POST. @throws Error when there is no answer, or one that is too long. */
export async function ask(
  url: string,
  dispatcher: Dispatcher,
  form?: URLSearchParams,
): Promise<{ readonly status: number; readonly text: string }> {
  const signal = AbortSignal.timeout(timeoutMs)
  const how =
    form === undefined
      ? { method: 'GET' as const }
      : {
          method: 'POST' as const,
          body: form.toString(),
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        }
  const { statusCode, body } = await request(url, { dispatcher, signal, ...how })
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += (chunk as Buffer).length
    if (bytes > mostBytes) throw new Error('the answer is too long')
    chunks.push(chunk as Buffer)
  }
  return { status: statusCode, text: Buffer.concat(chunks).toString('utf8') }
}
