/** get and list: from the store to an answer, with paging and the rules of resourceVersion. */
import type { HttpResponse } from '#kube/http.ts'
import { jsonText } from './answer.ts'
import { isPromise, readable, readableOne } from './crd/forms.ts'
import { jsonFault } from './go-json.ts'
import { type ListOptions, readListOptions, revisionOf } from './list-options.ts'
import { type Call, keyOf } from './machine.ts'
import { renderOf } from './render.ts'
import type { Resource } from './resource.ts'
import { selectorTest } from './selectors.ts'
import { badRequest, expired, notFound, tooLargeVersion } from './status.ts'
import type { Entry, Store } from './store.ts'

/** The entry a request names. Throws a 404. */
export function entryOf(call: Call): Entry {
  const { machine, resource, namespace, name } = call
  const entry = machine.store.get(resource.storage, keyOf(namespace, name))
  if (entry === undefined) throw notFound(resource, name)
  return entry
}

/** The same in the form of the request's version. Rejects with a 500 when it cannot be converted. */
export async function readableEntryOf(call: Call): Promise<Entry> {
  return readableOne(call.machine, call.resource, entryOf(call))
}

export async function get(call: Call): Promise<HttpResponse> {
  const version = call.query.get('resourceVersion') ?? ''
  const { store } = call.machine
  if (version !== '') checkNotFuture(store, revisionOf(version))
  return jsonText(200, `${renderOf(call).one(await readableEntryOf(call))}\n`)
}

export async function list(call: Call): Promise<HttpResponse> {
  const options = readListOptions(call.query, call.resource)
  const render = renderOf(call)
  const page = await pageOf(call, options)
  return jsonText(200, `${render.list(page.entries, page.meta)}\n`)
}

type Page = {
  readonly entries: readonly Entry[]
  readonly meta: { resourceVersion: string; continue?: string; remainingItemCount?: number }
}

/**
 * The entries a list asks for, in the form of the request's version. A page's later pages show the same moment as its
 * first. Rejects with a 500 when an object cannot be converted.
 */
export async function pageOf(call: Call, options: ListOptions): Promise<Page> {
  const { resource, namespace, machine } = call
  const test = selectorTest(resource, options.labelSelector, nameSelector(call, options))
  const prefix = namespace === '' ? '' : `${namespace}/`
  const start = startOf(options)
  const snapshot = snapshotOf(machine.store, resource, options, start, prefix)
  const after =
    start === undefined ? snapshot.entries : snapshot.entries.filter(({ key }) => key > start.after)
  const read = readable(machine, resource, after)
  const entries = isPromise(read) ? await read : read
  const matching = test === undefined ? entries : entries.filter(test)
  const revision = snapshot.revision
  const meta = { resourceVersion: String(revision) }
  // What comes from the cache comes whole.
  const whole = options.limit <= 0 || (options.resourceVersion === '0' && start === undefined)
  if (whole || matching.length <= options.limit) return { entries: matching, meta }
  const part = matching.slice(0, options.limit)
  const last = part.at(-1) as Entry
  return {
    entries: part,
    meta: {
      ...meta,
      continue: tokenOf(revision, last.key),
      // With a selector a real server does not know what remains either.
      ...(test === undefined ? { remainingItemCount: matching.length - part.length } : {}),
    },
  }
}

/** A list of one name is a list with a field selector. */
function nameSelector({ name }: Call, { fieldSelector }: ListOptions): string {
  if (name === '') return fieldSelector
  return fieldSelector === '' ? `metadata.name=${name}` : `${fieldSelector},metadata.name=${name}`
}

type Start = { readonly revision: number; readonly after: string }
type Snapshot = { readonly revision: number; readonly entries: readonly Entry[] }

function snapshotOf(
  store: Store,
  resource: Resource,
  options: ListOptions,
  start: Start | undefined,
  prefix: string,
): Snapshot {
  const exact = start?.revision ?? exactRevision(options)
  const now = (): Snapshot => ({
    revision: store.revision(),
    entries: store.list(resource.storage, prefix),
  })
  if (exact === undefined) {
    const version = options.resourceVersion
    if (version !== '') checkNotFuture(store, revisionOf(version, true))
    return now()
  }
  if (exact === -1) return now()
  checkNotFuture(store, exact)
  const entries = store.listAt(resource.storage, exact, prefix)
  if (entries !== undefined) return { revision: exact, entries }
  if (start === undefined) {
    throw expired('The resourceVersion for the provided list is too old.')
  }
  throw expired(tooOldToContinue, { continue: tokenOf(-1, start.after) })
}

const tooOldToContinue =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
  'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
  'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
  'deleted between the time the first chunk was returned and now may show up in the list.'

function exactRevision(options: ListOptions): number | undefined {
  const { match, limit, resourceVersion } = options
  if (resourceVersion === '' || resourceVersion === '0') return undefined
  const legacy = match === '' && limit > 0
  return match === 'Exact' || legacy ? revisionOf(resourceVersion, true) : undefined
}

function tokenOf(revision: number, after: string): string {
  const token = { v: 'meta.k8s.io/v1', rv: revision, start: `${after}\u0000` }
  return Buffer.from(JSON.stringify(token)).toString('base64url')
}

function startOf(options: ListOptions): Start | undefined {
  if (options.continue === '') return undefined
  if (options.resourceVersion !== '' && options.resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue')
  }
  const bytes = Buffer.from(options.continue, 'base64url')
  try {
    const token = JSON.parse(bytes.toString()) as {
      rv: number
      start: string
    }
    return { revision: Number(token.rv), after: String(token.start).replace(/\0$/, '') }
  } catch {
    const why = jsonFault(bytes) ?? 'encoding error'
    throw badRequest(`invalid continue token: continue key is not valid: ${why}`)
  }
}

function checkNotFuture(store: Store, wanted: number): void {
  if (wanted > store.revision()) throw tooLargeVersion(wanted, store.revision())
}
