/**
 * The smallest API server that is honest about versions: get, list by page, watch from a version
 * with bookmarks, create, replace with conflicts, delete, compaction. In memory, in virtual time,
 * for any kind.
 */
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Transport } from '../http.ts'
import { bookmark, event, listOf, statusOf } from './objects.ts'
import {
  type Call,
  type Reply,
  type ScriptedApi,
  type Stream,
  scriptedApi,
  stream,
} from './scripted-api.ts'

export type TinyApi = Pick<ScriptedApi, 'calls' | 'watches' | 'lists' | 'forget'> & {
  readonly transport: Transport
  readonly put: (collection: string, object: KubeObject) => KubeObject
  readonly remove: (collection: string, name: string) => void
  readonly objects: (collection: string) => readonly KubeObject[]
  readonly bookmarkAll: () => void
  /** Ends or breaks every open watch. */
  readonly dropWatches: (how: 'end' | 'break') => void
  /** Watches from before now are answered 410. */
  readonly compact: () => void
  /** What stands between the client and the server; undefined lets the call through. */
  fault: ((call: Call) => Reply | undefined) | undefined
}

type Watch = {
  readonly collection: string
  readonly live: Stream
  readonly name: string | undefined
}

export function tinyApi(): TinyApi {
  const objects = new Map<string, KubeObject>()
  const history: {
    readonly version: number
    readonly collection: string
    readonly event: object
    readonly name: string
  }[] = []
  const watches = new Set<Watch>()
  let version = 1
  let compacted = 0
  let uid = 0

  const tell = (
    collection: string,
    type: 'ADDED' | 'MODIFIED' | 'DELETED',
    object: KubeObject,
  ): void => {
    const { name } = object.metadata
    history.push({ version, collection, event: event(type, object), name })
    for (const watch of watches) {
      if (!watch.live.isOpen()) watches.delete(watch)
      else if (watch.collection === collection && (watch.name ?? name) === name)
        watch.live.push(event(type, object))
    }
  }
  const put = (collection: string, object: KubeObject): KubeObject => {
    const key = `${collection}/${object.metadata.name}`
    const before = objects.get(key)
    version += 1
    uid += 1
    const metadata = {
      ...object.metadata,
      uid: before?.metadata.uid ?? `uid-${uid}`,
      resourceVersion: String(version),
    }
    const stored = { ...object, metadata }
    objects.set(key, stored)
    tell(collection, before === undefined ? 'ADDED' : 'MODIFIED', stored)
    return stored
  }
  const remove = (collection: string, name: string): void => {
    const last = objects.get(`${collection}/${name}`)
    if (last === undefined) return
    objects.delete(`${collection}/${name}`)
    version += 1
    tell(collection, 'DELETED', {
      ...last,
      metadata: { ...last.metadata, resourceVersion: String(version) },
    })
  }
  const within = (collection: string): KubeObject[] =>
    [...objects].filter(([key]) => key.startsWith(`${collection}/`)).map(([, object]) => object)

  const watch = (collection: string, { query }: Call): Reply => {
    const live = stream()
    const name = query.get('fieldSelector')?.replace('metadata.name=', '')
    const chosen = within(collection).filter(
      ({ metadata }) => (name ?? metadata.name) === metadata.name,
    )
    if (query.has('sendInitialEvents')) {
      for (const object of chosen) live.push(event('ADDED', object))
      live.push(bookmark(version, true))
    } else {
      const from = Number(query.get('resourceVersion'))
      if (from < compacted) return { status: 410, body: statusOf(410, 'Expired') }
      for (const past of history) {
        const matches = past.collection === collection && (name ?? past.name) === past.name
        if (past.version > from && matches) live.push(past.event)
      }
    }
    watches.add({ collection, live, name })
    return { stream: live }
  }
  const list = (collection: string, { query }: Call): Reply => {
    const all = within(collection)
    const begin = Number(query.get('continue') ?? 0)
    const end = begin + Number(query.get('limit') ?? all.length)
    const next = end < all.length ? String(end) : undefined
    return { status: 200, body: listOf(version, all.slice(begin, end), next) }
  }
  const one = (collection: string, name: string, call: Call): Reply => {
    const held = objects.get(`${collection}/${name}`)
    if (held === undefined) return { status: 404, body: statusOf(404, 'NotFound') }
    if (call.method === 'GET') return { status: 200, body: held }
    const sent = JSON.parse(call.body ?? '{}') as KubeObject
    const expected = sent.metadata?.resourceVersion
    if (expected !== undefined && expected !== held.metadata.resourceVersion) {
      return { status: 409, body: statusOf(409, 'Conflict') }
    }
    if (call.method === 'PUT') return { status: 200, body: put(collection, sent) }
    remove(collection, name)
    return { status: 200, body: statusOf(200, '') }
  }
  const api = scriptedApi((call) => {
    const faulty = tiny.fault?.(call)
    if (faulty !== undefined) return faulty
    const [path = ''] = call.path.split('?')
    const parts = path.split('/')
    const isCollection = (parts.length - (path.startsWith('/apis/') ? 4 : 3)) % 2 === 1
    const name = parts.at(-1) ?? ''
    if (!isCollection) return one(parts.slice(0, -1).join('/'), name, call)
    if (call.method === 'GET') return call.isWatch ? watch(path, call) : list(path, call)
    const sent = JSON.parse(call.body ?? '{}') as KubeObject
    if (objects.has(`${path}/${sent.metadata.name}`))
      return { status: 409, body: statusOf(409, 'AlreadyExists') }
    return { status: 201, body: put(path, sent) }
  })
  const tiny: TinyApi = {
    ...api,
    put,
    remove,
    objects: within,
    bookmarkAll: () => {
      for (const { live } of watches) live.push(bookmark(version))
    },
    dropWatches: (how) => {
      for (const { live } of watches) {
        if (how === 'end') live.end()
        else live.breakOff('reset')
      }
      watches.clear()
    },
    compact: () => {
      compacted = version
      history.splice(0)
    },
    fault: undefined,
  }
  return tiny
}
