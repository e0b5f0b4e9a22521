/** The table of built-in kinds, as a kube-apiserver 1.34 lists them in discovery. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Resource, Subresource } from '../resource.ts'
import { builtinSchemas } from './schemas.ts'

type Row = {
  group: string
  version: string
  kind: string
  plural: string
  singular: string
  namespaced: boolean
  shortNames?: string[]
  categories?: string[]
  verbs: string[]
  hash?: string
  subresources: Subresource[]
  schema: string
}

let read: readonly Resource[] | undefined

export function builtinResources(): readonly Resource[] {
  read ??= (
    JSON.parse(readFileSync(join(import.meta.dirname, '..', 'data', 'kinds.json'), 'utf8')) as Row[]
  ).map(resourceOf)
  return read
}

function resourceOf(row: Row): Resource {
  const { schema, ...rest } = row
  return {
    ...rest,
    shortNames: row.shortNames ?? [],
    categories: row.categories ?? [],
    listKind: `${row.kind}List`,
    schema: builtinSchemas().get(schema),
    schemaName: schema,
    // Events of events.k8s.io are the core group's events under another name.
    storage: row.plural === 'events' ? 'events' : storageName(row.group, row.plural),
  }
}

export function storageName(group: string, plural: string): string {
  return group === '' ? plural : `${group}/${plural}`
}
