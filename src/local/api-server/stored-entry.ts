/**
 * The form in which the store keeps an object: one JSON text for its metadata and for each of its other fields, and its
 * managedFields apart from them. Much of that is the same in many objects, and is kept once.
 */
import { isObject, type Obj, put, type Value } from '#core/schema/json.ts'
import { type StoredOwner, storedOwner } from './fields/interned.ts'
import type { Resource, Stored } from './resource.ts'
import { sharedText } from './shared-texts.ts'
import type { Entry, Origin } from './store.ts'

/** An entry and what was read from it. What another object has of that is not written down again. */
export type Like = { readonly entry: Entry; readonly object: Stored }

type Facts = Pick<Entry, 'key' | 'revision' | 'labels' | 'fields'> & {
  readonly origin: Origin | undefined
  readonly like: Like | undefined
}

class StoredEntry implements Entry {
  readonly key: string
  readonly revision: number
  readonly labels: Entry['labels']
  readonly fields: Entry['fields']
  readonly form?: Resource
  readonly sound?: boolean
  private readonly metadata: string
  /** Which other fields there are, and their texts. */
  private readonly shape: Shape
  private readonly texts: readonly string[]
  private readonly owners: readonly StoredOwner[] | undefined

  constructor(facts: Facts, object: Stored) {
    const { origin, like } = facts
    this.key = facts.key
    this.revision = facts.revision
    this.labels = facts.labels
    this.fields = facts.fields
    if (origin !== undefined) {
      this.form = origin.form
      this.sound = origin.sound
    }
    const { managedFields, ...facing } = object.metadata
    const apart = Array.isArray(managedFields) && managedFields.length > 0
    this.metadata = JSON.stringify(apart ? facing : object.metadata)
    this.owners = apart ? managedFields.map(storedOwner) : undefined
    this.shape = shapeOf(object)
    this.texts = this.shape.names.map(
      (name) => known(like, name, object[name]) ?? sharedText(JSON.stringify(object[name])),
    )
  }

  /** Characters, roughly. */
  get size(): number {
    const owned = this.owners?.reduce((sum, { fields }) => sum + (fields?.text.length ?? 0), 0) ?? 0
    return this.texts.reduce((sum, { length }) => sum + length, this.metadata.length + owned)
  }

  textOf(name: string): string | undefined {
    return this.texts[this.shape.names.indexOf(name)]
  }

  get text(): string {
    const { metadata, owners, texts } = this
    const { heads } = this.shape
    let text = '{"metadata":'
    text += owners === undefined ? metadata : withOwners(metadata, owners)
    for (let index = 0; index < texts.length; index += 1) {
      text += (heads[index] as string) + (texts[index] as string)
    }
    return `${text}}`
  }

  /** A copy, but for the sets of fields in managedFields, which are everybody's. */
  copy(): Obj {
    const metadata = JSON.parse(this.metadata) as Obj
    if (this.owners !== undefined) {
      metadata.managedFields = this.owners.map(({ item }) => copied(item))
    }
    const content: Obj = { metadata }
    this.shape.names.forEach((name, index) => {
      put(content, name, JSON.parse(this.texts[index] as string) as Value)
    })
    return content
  }
}

function known(like: Like | undefined, name: string, value: Value | undefined): string | undefined {
  if (like?.object[name] !== value || typeof value !== 'object') return undefined
  return like?.entry instanceof StoredEntry ? like.entry.textOf(name) : undefined
}

function withOwners(metadata: string, owners: readonly StoredOwner[]): string {
  let shown = ''
  for (const { before, fields, after } of owners) {
    if (shown !== '') shown += ','
    shown += before + (fields?.text ?? '') + after
  }
  const comma = metadata === '{}' ? '' : ','
  return `${metadata.slice(0, -1)}${comma}"managedFields":[${shown}]}`
}

/** The fields beside head and metadata, in their order, and how their texts begin. */
type Shape = { readonly names: readonly string[]; readonly heads: readonly string[] }

const shapes = new Map<string, Shape>()
const keptShapes = 500

/** Objects with the same fields share their shape. */
function shapeOf(object: Stored): Shape {
  const names = Object.keys(object).filter(
    (name) =>
      name !== 'kind' && name !== 'apiVersion' && name !== 'metadata' && object[name] !== undefined,
  )
  const heads = names.map((name) => `,${JSON.stringify(name)}:`)
  const key = heads.join('')
  const known = shapes.get(key)
  if (known !== undefined) return known
  if (shapes.size >= keptShapes) shapes.clear()
  const shape = { names, heads }
  shapes.set(key, shape)
  return shape
}

function copied(item: Value): Value {
  return isObject(item) ? { ...item } : item
}

/** The object an entry holds, without kind and apiVersion. The sets of fields in its managedFields stay as they are. */
export function contentOf(entry: Entry): Obj {
  return entry instanceof StoredEntry ? entry.copy() : (JSON.parse(entry.text) as Obj)
}

/** How large an object is, roughly. */
export function sizeOf(entry: Entry): number {
  return entry instanceof StoredEntry ? entry.size : entry.text.length
}

/** An entry for an object, whose resourceVersion is set here. `fields` are its selectable fields. */
export function entryOf(
  key: string,
  revision: number,
  object: Stored,
  fields: Readonly<Record<string, string>>,
  origin?: Origin,
  like?: Like,
): Entry {
  object.metadata.resourceVersion = String(revision)
  const labels = (object.metadata.labels as Record<string, string> | undefined) ?? noLabels
  return new StoredEntry({ key, revision, labels, fields, origin, like }, object)
}

const noLabels = {}
