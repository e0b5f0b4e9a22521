/** Objects as a table for people: the columns of a kind, one row an object. */
import type { Obj, Value } from '#core/schema/json.ts'
import { innerMetadata } from '../inner-metadata.ts'
import type { Wanted } from '../negotiate.ts'
import { apiVersionOf, type Resource, type Stored } from '../resource.ts'
import { columnsOf } from './columns.ts'

export type TableRequest = {
  readonly resource: Resource
  readonly objects: readonly Stored[]
  readonly meta: Obj
  /** Milliseconds since the epoch, for ages. */
  readonly now: number
  /** `None`, `Metadata` or `Object`. */
  readonly include: string
  readonly wanted: Wanted
  readonly columns: boolean
}

export function tableOf(request: TableRequest): Obj {
  const { resource, objects, meta, now, include, wanted, columns } = request
  const definitions = columnsOf(resource)
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${wanted.version}`,
    metadata: meta,
    columnDefinitions: columns ? definitions.map(({ cell: _, ...definition }) => definition) : null,
    rows: objects.map((object) => ({
      cells: definitions.map(({ cell }) => cell(object, now) as Value),
      ...included(resource, object, include, wanted),
    })),
  }
}

function included(resource: Resource, object: Stored, include: string, wanted: Wanted): Obj {
  if (include === 'None') return { object: null }
  if (include === 'Object') {
    return { object: { ...object, kind: resource.kind, apiVersion: apiVersionOf(resource) } }
  }
  const metadata = innerMetadata(resource, object)
  const apiVersion = `meta.k8s.io/${wanted.version}`
  return { object: { kind: 'PartialObjectMetadata', apiVersion, metadata } }
}
