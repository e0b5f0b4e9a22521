/** What the tests of the dashboard stand on: a cluster with roles, releases in it, and the dashboard over real HTTP. */
import { type IncomingHttpHeaders, request } from 'node:http'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { AccessOptions } from '#dashboard/access.ts'
import { type DashboardGround, type RunningDashboard, startDashboard } from '#dashboard/start.ts'
import { sharedPorts } from '#http/shared-port.ts'
import { connectTo } from '#kube/connect.ts'
import type { Transport } from '#kube/http.ts'
import { silentLog } from '#kube/log.ts'
import type { Clock } from '#kube/ports.ts'
import { type BenchCluster, startBenchCluster } from '../../bench/cluster.ts'

export type Answer = {
  readonly code: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly body: unknown
}

export type Asked = {
  readonly method?: string
  readonly token?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export type Stage = {
  readonly cluster: BenchCluster
  readonly open: (options?: Partial<OpenOptions>) => Promise<Opened>
  /** A token of a service account, made where it is missing. */
  readonly tokenFor: (account: string, audience?: string) => Promise<string>
  readonly post: (path: string, body: unknown) => Promise<unknown>
  readonly stop: () => Promise<void>
}

export type OpenOptions = {
  readonly access: AccessOptions
  readonly readOnly: boolean
  readonly pages: string
  /** Of the dashboard's time-outs. */
  readonly clock: Clock
  readonly through: (transport: Transport) => Transport
  readonly listen: DashboardGround['listen']
  readonly address: DashboardGround['address']
}

export type Opened = {
  readonly running: RunningDashboard
  readonly url: string
  readonly ask: (path: string, asked?: Asked) => Promise<Answer>
  readonly stop: () => Promise<void>
}

export const audience = 'headgate'

export async function openStage(): Promise<Stage> {
  const cluster = await startBenchCluster()
  const opened: Opened[] = []
  const post = async (path: string, body: unknown): Promise<unknown> => {
    const answer = await cluster.api.raw({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return JSON.parse(answer.body)
  }
  return {
    cluster,
    post,
    open: async (options = {}) => {
      const one = await openDashboard(cluster, options)
      opened.push(one)
      return one
    },
    tokenFor: async (account, of = audience) => {
      await cluster.api
        .create(kinds.serviceAccount, {
          apiVersion: 'v1',
          kind: 'ServiceAccount',
          metadata: { name: account, namespace: 'default' },
        } as KubeObject)
        .catch(() => undefined)
      const path = `/api/v1/namespaces/default/serviceaccounts/${account}/token`
      const answer = (await post(path, { spec: { audiences: [of] } })) as {
        status: { token: string }
      }
      return answer.status.token
    },
    stop: async () => {
      for (const one of opened) await one.stop()
      await cluster.stop()
    },
  }
}

async function openDashboard(
  cluster: BenchCluster,
  options: Partial<OpenOptions>,
): Promise<Opened> {
  const { access = { kind: 'token', audience }, readOnly = false, through = same } = options
  const ports = {
    ...cluster.ports,
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  }
  const client = connectTo(through(cluster.server.transport()), ports)
  const running = await startDashboard({
    cluster: client,
    clock: cluster.ports.clock,
    log: silentLog,
    address: options.address ?? { host: '127.0.0.1', port: 0 },
    listen: options.listen ?? sharedPorts(cluster.ports.clock),
    access,
    readOnly,
    version: 'test',
    ...(options.pages === undefined ? {} : { pages: options.pages }),
  })
  let stopping: Promise<void> | undefined
  return {
    running,
    url: `http://127.0.0.1:${running.port}`,
    ask: (path, asked) => ask(running.port, path, asked),
    stop: () => {
      stopping ??= running.stop().then(() => client.close())
      return stopping
    },
  }
}

const same = (transport: Transport): Transport => transport

/** By hand, so that any header can be said, Host too. */
export function ask(port: number, path: string, asked: Asked = {}): Promise<Answer> {
  const { method = 'GET', token, body, headers = {} } = asked
  const text = body === undefined ? undefined : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{ host: '127.0.0.1', port, path, method },
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(text === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
      },
      (answer) => {
        let said = ''
        answer.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
        answer.once('end', () =>
          resolve({
            code: answer.statusCode ?? 0,
            headers: answer.headers,
            text: said,
            body: parsed(said),
          }),
        )
      },
    )
    sent.once('error', reject)
    sent.end(text)
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export type Events = {
  /** Resolves with the first event, from now on or seen already, of which this is true. */
  readonly until: <T>(name: string, holds: (data: T) => boolean) => Promise<T>
  readonly all: readonly { readonly name: string; readonly data: unknown }[]
  readonly bytes: () => number
  /** The id of what was heard last. */
  readonly last: () => string | undefined
  readonly ended: Promise<void>
  readonly code: number
  readonly pause: () => void
  readonly close: () => void
}

/** A reader of the stream, over a socket of its own. */
export function follow(port: number, query = '', token?: string, last?: string): Promise<Events> {
  const path = `/api/v1/stream${query}`
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(last === undefined ? {} : { 'last-event-id': last }),
  }
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, headers, agent: false }, (answer) => {
      const all: { name: string; data: unknown }[] = []
      const waiting = new Set<() => void>()
      const ended = Promise.withResolvers<void>()
      let rest = ''
      let bytes = 0
      let heard: string | undefined
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        bytes += Buffer.byteLength(chunk)
        const parts = (rest + chunk).split('\n\n')
        rest = parts.pop() ?? ''
        for (const part of parts) {
          const [, name = ''] = /^event: (.*)$/m.exec(part) ?? []
          heard = /^id: (.*)$/m.exec(part)?.[1] ?? heard
          const [, data = 'null'] = /^data: (.*)$/m.exec(part) ?? []
          all.push({ name, data: JSON.parse(data) as unknown })
        }
        for (const look of waiting) look()
      })
      answer.once('close', () => ended.resolve())
      answer.on('error', () => {})
      resolve({
        all,
        bytes: () => bytes,
        last: () => heard,
        ended: ended.promise,
        code: answer.statusCode ?? 0,
        pause: () => void answer.pause(),
        close: () => void sent.destroy(),
        until: <T>(name: string, holds: (data: T) => boolean) =>
          new Promise<T>((found, failed) => {
            const look = (): void => {
              const one = all.find((event) => event.name === name && holds(event.data as T))
              if (one === undefined) return
              waiting.delete(look)
              found(one.data as T)
            }
            waiting.add(look)
            void ended.promise.then(() => failed(new Error(`the stream ended without ${name}`)))
            look()
          }),
      })
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** A role in one namespace, or everywhere, and its binding to a service account. */
export async function grant(
  { post }: Stage,
  account: string,
  rules: readonly object[],
  namespace?: string,
): Promise<void> {
  const api = 'rbac.authorization.k8s.io'
  const base = `/apis/${api}/v1${namespace === undefined ? '' : `/namespaces/${namespace}`}`
  const [role, binding] =
    namespace === undefined ? ['ClusterRole', 'ClusterRoleBinding'] : ['Role', 'RoleBinding']
  const plural = (kind: string): string => `${kind.toLowerCase()}s`
  const metadata = { name: `${account}-${namespace ?? 'all'}` }
  const apiVersion = `${api}/v1`
  await post(`${base}/${plural(role)}`, { apiVersion, kind: role, metadata, rules })
  await post(`${base}/${plural(binding)}`, {
    ...{ apiVersion, kind: binding, metadata },
    roleRef: { apiGroup: api, kind: role, name: metadata.name },
    subjects: [{ kind: 'ServiceAccount', name: account, namespace: 'default' }],
  })
}
