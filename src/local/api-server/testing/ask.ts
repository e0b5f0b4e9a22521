/** For tests: a server without sockets, and requests to it in one line. */
import type { HttpRequest, HttpResponse } from '#kube/http.ts'
import type { Ports } from '#kube/ports.ts'
import { systemPorts } from '#kube/system.ts'
import { textOf } from '../answer.ts'
import { type ApiServer, admin, createApiServer } from '../api-server.ts'
import type { User } from '../machine.ts'
import type { StoreOptions } from '../store.ts'

export type Json = { [key: string]: unknown }
export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Deep
}

/** Whatever JSON.parse yields: tests read deep into answers without ceremony. */
export type Deep = ReturnType<typeof JSON.parse>

export type Asker = ReturnType<typeof askAs>

const types: Record<string, string> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

/** A fresh server, asked as its admin. */
export async function freshServer(
  store?: StoreOptions,
  ports: Ports = systemPorts(),
): Promise<Asker> {
  return askAs(await createApiServer(ports, { ...store, frozenViews: true }), admin)
}

/** A server, asked by the given user. */
export function askAs(server: ApiServer, user: User) {
  const send = (
    method: HttpRequest['method'],
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ): Promise<HttpResponse> => {
    const text =
      body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
    const all = { 'content-type': 'application/json', 'user-agent': 'test/1.0', ...headers }
    const context = { user, ...(signal === undefined ? {} : { signal }) }
    return server.handle({ method, path, headers: all, ...text }, context)
  }
  const ask = async (...request: Parameters<typeof send>): Promise<Answer> => {
    const { status, headers, body } = await send(...request)
    const text = await textOf({ status, headers, body })
    return { status, headers, body: parsed(text) }
  }
  return {
    server,
    send,
    ask,
    get: (path: string, headers?: Record<string, string>) => ask('GET', path, undefined, headers),
    post: (path: string, body: unknown) => ask('POST', path, body),
    put: (path: string, body: unknown) => ask('PUT', path, body),
    remove: (path: string, body?: unknown) => ask('DELETE', path, body),
    patch: (path: string, type: keyof typeof types, body: unknown) =>
      ask('PATCH', path, body, { 'content-type': types[type] as string }),
    apply: (path: string, manager: string, body: unknown, force = false) =>
      ask('PATCH', `${path}?fieldManager=${manager}&force=${force}`, body, {
        'content-type': types.apply as string,
      }),
    /** The events of a watch, one after another; `stop` ends it. */
    watch: (path: string) => {
      const stopper = new AbortController()
      return {
        events: eventsOf(send('GET', path, undefined, {}, stopper.signal)),
        stop: () => stopper.abort(),
      }
    },
  }
}

function parsed(text: string): Deep {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

export type WatchEvent = { readonly type: string; readonly object: Deep }

async function* eventsOf(answer: Promise<HttpResponse>): AsyncGenerator<WatchEvent, undefined> {
  const { body } = await answer
  let rest = ''
  for await (const chunk of body) {
    rest += typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk)
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line) as WatchEvent
  }
  return undefined
}

/** The next `count` events of a watch. */
export async function take(
  events: AsyncGenerator<WatchEvent, undefined>,
  count: number,
): Promise<WatchEvent[]> {
  const taken: WatchEvent[] = []
  while (taken.length < count) {
    const { value, done } = await events.next()
    if (done === true) break
    taken.push(value)
  }
  return taken
}

export function deployment(name = 'web', changes: Json = {}): Json {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'app', image: 'app:1' }] },
      },
      ...changes,
    },
  }
}

export function configMap(name: string, data: Json = {}, metadata: Json = {}): Json {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data }
}
