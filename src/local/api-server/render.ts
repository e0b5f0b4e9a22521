/** Entries in the form a client asked for: whole objects, table rows, or metadata alone. */
import type { Obj } from '#core/schema/json.ts'
import { innerMetadata } from './inner-metadata.ts'
import type { Call } from './machine.ts'
import { type Wanted, wantedOf } from './negotiate.ts'
import { itemText, objectOf, textOf } from './output.ts'
import { apiVersionOf, type Resource } from './resource.ts'
import type { Entry } from './store.ts'
import { tableOf } from './table/table.ts'

type ListMeta = {
  readonly resourceVersion: string
  readonly continue?: string
  readonly remainingItemCount?: number
}

export type Render = {
  readonly wanted: Wanted
  readonly one: (entry: Entry) => string
  readonly list: (entries: readonly Entry[], meta: ListMeta) => string
  /** An object inside a watch event; a table's columns are told only once. */
  readonly event: (entry: Entry, first: boolean) => string
}

/** Throws a 406 when nothing the client accepts can be served. */
export function renderOf(call: Call): Render {
  const wanted = wantedOf(call.headers.accept)
  const { resource } = call
  switch (wanted.as) {
    case 'object':
      return objects(resource, wanted)
    case 'table':
      return tables(call, wanted)
    case 'metadata':
      return metadataOnly(resource, wanted)
  }
}

function objects(resource: Resource, wanted: Wanted): Render {
  const head = `{"kind":${JSON.stringify(resource.listKind)},"apiVersion":${JSON.stringify(apiVersionOf(resource))},"metadata":`
  // The types of custom lists say the word even when there is nothing to say.
  const empty = resource.custom === undefined ? {} : { continue: '' }
  return {
    wanted,
    one: (entry) => textOf(resource, entry),
    list: (entries, meta) =>
      `${head}${JSON.stringify({ ...empty, ...meta })},"items":[${entries.map((entry) => itemText(resource, entry)).join(',')}]}`,
    event: (entry) => textOf(resource, entry),
  }
}

function tables(call: Call, wanted: Wanted): Render {
  const { resource } = call
  const include = call.query.get('includeObject') ?? 'Metadata'
  const now = call.machine.ports.clock.now()
  const make = (entries: readonly Entry[], meta: Obj, columns: boolean): string => {
    const objects = entries.map((entry) => objectOf(resource, entry))
    return JSON.stringify(tableOf({ resource, objects, meta, now, include, wanted, columns }))
  }
  return {
    wanted,
    one: (entry) => make([entry], { resourceVersion: String(entry.revision) }, true),
    list: (entries, meta) => make(entries, { ...meta }, true),
    event: (entry, first) => make([entry], { resourceVersion: String(entry.revision) }, first),
  }
}

function metadataOnly(resource: Resource, wanted: Wanted): Render {
  const apiVersion = `meta.k8s.io/${wanted.version}`
  const partial = (entry: Entry): Obj => ({
    kind: 'PartialObjectMetadata',
    apiVersion,
    metadata: innerMetadata(resource, objectOf(resource, entry)),
  })
  const one = (entry: Entry): string => JSON.stringify(partial(entry))
  return {
    wanted,
    one,
    list: (entries, meta) =>
      JSON.stringify({
        kind: 'PartialObjectMetadataList',
        apiVersion,
        metadata: meta,
        items: entries.map(partial),
      }),
    event: one,
  }
}
