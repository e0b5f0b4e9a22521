/** One column of a table: what a client is told about it, and how its cell is read from an object. */
import { asNumber, at, type Value } from '#core/schema/json.ts'
import { readDescriptions } from '../builtin/schemas.ts'
import type { Stored } from '../resource.ts'
import { since } from './format.ts'

export type Column = {
  readonly name: string
  readonly type: string
  readonly format: string
  readonly description: string
  readonly priority: number
  readonly cell: (object: Stored, now: number) => Value
}

type Cell = Column['cell']

/** `about` is a sentence, or `definition:property` of the OpenAPI texts. */
export function column(
  name: string,
  type: string,
  about: string,
  cell: Cell,
  priority = 0,
): Column {
  return { name, type, format: '', description: describe(about), priority, cell }
}

/** A column that only wide output shows. */
export function wide(name: string, type: string, about: string, cell: Cell): Column {
  return column(name, type, about, cell, 1)
}

export function nameColumn(priority = 0): Column {
  const made = column('Name', 'string', 'meta:ObjectMeta:name', nameCell, priority)
  return { ...made, format: 'name' }
}

const nameCell: Cell = (object) => object.metadata.name ?? ''

export function ageColumn(): Column {
  return column('Age', 'string', 'meta:ObjectMeta:creationTimestamp', (object, now) =>
    since(object.metadata.creationTimestamp, now),
  )
}

/** The number under a path, 0 where there is none. */
export function count(...path: string[]): Cell {
  return (object) => asNumber(at(object, ...path)) ?? 0
}

/** The text under a path, '' where there is none. */
export function text(...path: string[]): Cell {
  return (object) => {
    const value = at(object, ...path)
    return value === undefined || value === null ? '' : String(value)
  }
}

const packages: Readonly<Record<string, string>> = {
  meta: 'io.k8s.apimachinery.pkg.apis.meta.v1',
  core: 'io.k8s.api.core.v1',
  apps: 'io.k8s.api.apps.v1',
  batch: 'io.k8s.api.batch.v1',
  discovery: 'io.k8s.api.discovery.v1',
  coordination: 'io.k8s.api.coordination.v1',
  autoscaling: 'io.k8s.api.autoscaling.v2',
  networking: 'io.k8s.api.networking.v1',
  scaling: 'io.k8s.api.autoscaling.v1',
  scheduling: 'io.k8s.api.scheduling.v1',
}
let texts: Record<string, Record<string, string>> | undefined

function describe(about: string): string {
  const [group = '', definition, property = ''] = about.split(':')
  const home = packages[group]
  if (home === undefined || definition === undefined) return about
  texts ??= readDescriptions()
  return texts[`${home}.${definition}`]?.[property] ?? ''
}

/** The texts are large and only needed while columns are made. */
export function forgetDescriptions(): void {
  texts = undefined
}
