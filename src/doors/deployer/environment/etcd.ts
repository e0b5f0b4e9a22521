/** etcd v3 over its JSON gateway: keys under a prefix, with TLS and password where they are set. */
import { readFile } from 'node:fs/promises'
import { Agent, request } from 'undici'
import { isObject } from '#core/schema/json.ts'
import type { EtcdSettings } from '../settings.ts'

export type EtcdClient = {
  /** @throws Error with a sentence when no endpoint answers in time. */
  readonly range: (
    prefix: string,
  ) => Promise<readonly { readonly key: string; readonly value: string }[]>
  readonly close: () => Promise<void>
}

const timeoutMs = 5000
const mostBytes = 1024 * 1024

/** @throws Error when a file of the settings cannot be read. */
export async function etcdClient(settings: EtcdSettings): Promise<EtcdClient> {
  const { endpoints, username, password } = settings
  const agent = new Agent({
    connect: await tlsOf(settings),
    connectTimeout: timeoutMs,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  })
  const call = (endpoint: string, path: string, body: unknown, token?: string): Promise<unknown> =>
    post(agent, `${endpoint}${path}`, body, token)
  const rangeAt = async (endpoint: string, prefix: string): Promise<unknown> => {
    const token =
      username === undefined
        ? undefined
        : tokenIn(await call(endpoint, '/v3/auth/authenticate', { name: username, password }))
    const body = { key: base64(prefix), range_end: base64(after(prefix)) }
    return call(endpoint, '/v3/kv/range', body, token)
  }
  return {
    range: async (prefix) => {
      const problems: string[] = []
      for (const endpoint of endpoints) {
        try {
          return pairsIn(await rangeAt(endpoint, prefix))
        } catch (error) {
          problems.push(`${endpoint} ${reasonOf(error)}`)
        }
      }
      throw new Error(`the environment cannot be read from etcd: ${problems.join('; ')}`)
    },
    close: () => agent.close(),
  }
}

async function tlsOf(settings: EtcdSettings): Promise<object> {
  const { caFile, certFile, keyFile, skipVerify } = settings
  const read = async (name: string, path: string | undefined): Promise<object> =>
    path === undefined ? {} : { [name]: await readFile(path, 'utf8') }
  return {
    ...(await read('ca', caFile)),
    ...(await read('cert', certFile)),
    ...(await read('key', keyFile)),
    ...(skipVerify ? { rejectUnauthorized: false } : {}),
  }
}

async function post(
  agent: Agent,
  url: string,
  body: unknown,
  token: string | undefined,
): Promise<unknown> {
  const { statusCode, body: answer } = await request(url, {
    dispatcher: agent,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: token }),
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  })
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer) {
    bytes += (chunk as Buffer).length
    if (bytes > mostBytes) throw new Error('answered with more than a megabyte')
    chunks.push(chunk as Buffer)
  }
  // What else the answer says may hold what was asked with.
  if (statusCode !== 200) throw new Error(`answered ${statusCode}`)
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

function tokenIn(answer: unknown): string {
  const { token } = isObject(answer) ? answer : {}
  if (typeof token !== 'string' || token === '') throw new Error('gave no token')
  return token
}

function pairsIn(answer: unknown): readonly { readonly key: string; readonly value: string }[] {
  if (!isObject(answer)) throw new Error('answered something that is no range')
  const { kvs = [] } = answer
  if (!Array.isArray(kvs)) throw new Error('answered something that is no range')
  return kvs.filter(isObject).map(({ key, value }) => ({
    key: fromBase64(key),
    value: fromBase64(value ?? ''),
  }))
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `did not answer within ${timeoutMs / 1000} s`
  if (error instanceof SyntaxError) return 'answered something that is no JSON'
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' ? `cannot be reached (${code})` : error.message
}

/** The first key that no longer begins like this. */
function after(prefix: string): string {
  return `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

function fromBase64(text: unknown): string {
  return Buffer.from(String(text), 'base64').toString('utf8')
}
