/** The JSON gateway of an etcd v3, as far as it is asked: ranges and authentication. The real one has a lane of its own. */
import { createServer } from 'node:http'
import { listen } from '#http/listen.ts'
import { systemPorts } from '#kube/system.ts'

export type EtcdDouble = {
  readonly url: string
  /** Keys and values, changed at will. */
  readonly data: Map<string, string>
  /** How it behaves from now on. */
  readonly be: (manner: 'well' | 'silent' | 'broken' | 'garbled') => void
  readonly stop: () => Promise<void>
}

export const etcdUser = { name: 'deployer', password: 'etcd-password-4711' }

export async function etcdDouble(needsUser = false): Promise<EtcdDouble> {
  const data = new Map<string, string>()
  let manner: 'well' | 'silent' | 'broken' | 'garbled' = 'well'
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (manner === 'silent') return
      if (manner === 'broken') return void response.writeHead(500).end('{"error":"etcdserver"}')
      if (manner === 'garbled') return void response.end('<html>')
      const asked = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>
      const answer = answerTo(request.url ?? '', asked, request.headers.authorization)
      response.writeHead(answer === undefined ? 401 : 200).end(JSON.stringify(answer ?? {}))
    })
  })
  const answerTo = (path: string, asked: Record<string, string>, token: string | undefined) => {
    if (path === '/v3/auth/authenticate') {
      const isRight = asked['name'] === etcdUser.name && asked['password'] === etcdUser.password
      return isRight ? { token: 'a.token' } : undefined
    }
    if (needsUser && token !== 'a.token') return undefined
    const [from, to] = [decoded(asked['key']), decoded(asked['range_end'])]
    const kvs = [...data]
      .filter(([key]) => key >= from && key < to)
      .sort()
      .map(([key, value]) => ({ key: encoded(key), value: encoded(value) }))
    return { header: {}, kvs, count: String(kvs.length) }
  }
  const listening = await listen(server, { host: '127.0.0.1', port: 0 }, systemPorts().clock)
  return {
    url: `http://127.0.0.1:${listening.port}`,
    data,
    be: (next) => {
      manner = next
    },
    stop: listening.stop,
  }
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64')
}

function decoded(text = ''): string {
  return Buffer.from(text, 'base64').toString()
}
