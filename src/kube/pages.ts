/** A whole list, read page by page. */
import { apiVersionOf, type Kind } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { errorOf, isRecord, isVersionGone, parseBody } from './answer.ts'
import type { List, ListOptions } from './cluster.ts'
import { KubeError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { HttpRequest } from './http.ts'
import type { Clock } from './ports.ts'
import { type ListRequest, listRequest } from './request.ts'

const defaultPageSize = 500
/** Lists of thousands of objects take a while; a time-out would only make the server start over. */
const pageTimeoutMs = 60_000

type Page = {
  readonly items: readonly KubeObject[]
  readonly resourceVersion: string
  readonly next: string
}

export type ListRules = {
  readonly repeat: boolean
  readonly signal?: AbortSignal
}

/**
 * Reads all pages, handing each object through `project` as its page arrives. When the server
 * forgets the list half-way (410), it is read once more from the beginning, and then in one piece.
 * @throws KubeError
 */
export async function readList<T>(
  exchange: Exchange,
  clock: Clock,
  what: { readonly kind: Kind; readonly options: ListOptions; readonly rules: ListRules },
  project: (object: KubeObject) => T,
): Promise<List<T>> {
  const { pageSize = defaultPageSize } = what.options
  for (const limit of [pageSize, pageSize, 0]) {
    try {
      return await readPages(exchange, clock, { ...what, limit }, project)
    } catch (error) {
      // Only a token can expire half-way; a first page that is refused as too old stays refused.
      if (limit === 0 || !isVersionGone(error)) throw error
    }
  }
  throw new KubeError({ reason: 'Expired', code: 410, message: 'the list expired three times' })
}

/**
 * The server's own newest resourceVersion, read through to its store; undefined when it cannot be
 * learned.
 */
export async function newestVersion(
  exchange: Exchange,
  clock: Clock,
  what: { readonly kind: Kind; readonly options: ListOptions; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const { kind, options, signal } = what
  const request = listRequest(kind, { ...options, limit: 1 })
  const rules = { repeat: false, signal }
  const page = await readPage(exchange, clock, { request, kind, rules }).catch(() => undefined)
  return page?.resourceVersion
}

async function readPages<T>(
  exchange: Exchange,
  clock: Clock,
  what: {
    readonly kind: Kind
    readonly options: ListOptions
    readonly rules: ListRules
    readonly limit: number
  },
  project: (object: KubeObject) => T,
): Promise<List<T>> {
  const { kind, options, rules, limit } = what
  const items: T[] = []
  let first: string | undefined
  let next = ''
  do {
    const request = listRequest(kind, pageOf(options, limit, next))
    const page = await readPage(exchange, clock, { request, kind, rules })
    first ??= page.resourceVersion
    for (const item of page.items) items.push(project(item))
    next = page.next
  } while (next !== '')
  // All pages show the state of the first one, so a watch goes on from there.
  return { resourceVersion: first, items }
}

function pageOf(options: ListOptions, limit: number, next: string): ListRequest {
  const { pageSize: _, ...rest } = options
  return {
    ...rest,
    ...(limit > 0 ? { limit } : {}),
    ...(next === '' ? {} : { continue: next }),
  }
}

async function readPage(
  exchange: Exchange,
  clock: Clock,
  what: { readonly request: HttpRequest; readonly kind: Kind; readonly rules: ListRules },
): Promise<Page> {
  const { request, kind, rules } = what
  const answer = await exchange.send(request, {
    repeat: rules.repeat,
    telling: false,
    timeoutMs: pageTimeoutMs,
    ...(rules.signal === undefined ? {} : { signal: rules.signal }),
  })
  if (answer.status !== 200) throw errorOf(request, answer, clock.now())
  return pageIn(parseBody(request, answer.body), request, kind)
}

function pageIn(body: unknown, request: HttpRequest, kind: Kind): Page {
  const metadata = isRecord(body) ? body['metadata'] : undefined
  const items = isRecord(body) ? (body['items'] ?? []) : undefined
  if (!isRecord(metadata) || !Array.isArray(items) || !items.every(isNamed)) {
    const message = `${request.method} ${request.path} answered something that is not a list`
    throw new KubeError({ reason: 'Unknown', code: 0, message })
  }
  // Lists leave out what all their items have in common.
  const common = { apiVersion: apiVersionOf(kind), kind: kind.kind }
  return {
    items: items.map((item) => ({ ...common, ...item })),
    resourceVersion: String(metadata['resourceVersion'] ?? ''),
    next: String(metadata['continue'] ?? ''),
  }
}

function isNamed(item: unknown): item is KubeObject {
  return (
    isRecord(item) && isRecord(item['metadata']) && typeof item['metadata']['name'] === 'string'
  )
}
