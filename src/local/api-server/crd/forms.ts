/**
 * A custom object is stored in the form of one version and read in the form of any. Objects that were written under an
 * earlier definition are read under the present one: pruned and defaulted as it says. Where nothing has to be
 * translated, or nobody has to be asked, nothing here waits.
 */
import { applyDefaults } from '#core/schema/defaults.ts'
import type { Obj } from '#core/schema/json.ts'
import { prune } from '#core/schema/prune.ts'
import { coreEvent, newEvent } from '../builtin/events.ts'
import { selectableFields } from '../builtin/fields.ts'
import type { Machine } from '../machine.ts'
import { apiVersionOf, type Resource, type Stored } from '../resource.ts'
import type { Entry } from '../store.ts'
import { entryOf } from '../stored-entry.ts'
import { converted } from './convert.ts'

/** An object of one form in another; both are of one kind. Rejects with a 500 when a webhook fails. */
export function inForm(
  machine: Machine,
  object: Stored,
  from: Resource,
  to: Resource,
): Stored | Promise<Stored> {
  if (from === to) return object
  if (to.custom === undefined) return builtinForm(object, from, to)
  if (from.version === to.version) return object
  const { conversion } = to.custom
  if (conversion.kind === 'none') {
    return pruned(to, { ...object, apiVersion: apiVersionOf(to) })
  }
  return converted(machine, conversion, object, to).then((made) => pruned(to, made))
}

/** Events are the only built-in kind with two names. */
function builtinForm(object: Stored, from: Resource, to: Resource): Stored {
  const head = { kind: to.kind, apiVersion: apiVersionOf(to) }
  if (from.storage !== 'events') return { ...object, ...head }
  const made = to.group === '' ? coreEvent(object) : newEvent(object)
  return { ...made, ...head, metadata: object.metadata }
}

function pruned({ schema }: Resource, object: Stored): Stored {
  if (schema === undefined) return object
  const { metadata } = object
  return { ...prune(schema, object, []), metadata } as Stored
}

/** The resource in whose form new objects are stored. */
export function storageForm(resource: Resource): Resource {
  const { custom } = resource
  return custom?.versions.get(custom.storageVersion) ?? resource
}

const converts = new WeakMap<Resource, Resource>()

/**
 * The form of an object that came in another version: that of the storage version, but for what goes without saying
 * there, which nobody has filled in. It is read like one that was written under another definition.
 */
export function convertForm(form: Resource): Resource {
  const known = converts.get(form) ?? { ...form }
  converts.set(form, known)
  return known
}

/** Whether an entry can be read as objects of the resource as it is. */
function isInForm(resource: Resource, { form }: Entry): boolean {
  return form === undefined || form === resource || resource.custom === undefined
}

/** Translated entries, so that many readers cost one translation. */
const translated = new WeakMap<Entry, Map<Resource, Entry>>()

/** The entries as the resource reads them. Rejects with a 500 when a conversion webhook fails. */
export function readable(
  machine: Machine,
  resource: Resource,
  entries: readonly Entry[],
): readonly Entry[] | Promise<readonly Entry[]> {
  if (entries.every((entry) => isInForm(resource, entry))) return entries
  const made = entries.map((entry) => readableOne(machine, resource, entry))
  if (!made.some(isPromise)) return made as Entry[]
  return Promise.all(made.map(async (entry) => await entry))
}

/** One entry as the resource reads it. */
export function readableOne(
  machine: Machine,
  resource: Resource,
  entry: Entry,
): Entry | Promise<Entry> {
  if (isInForm(resource, entry)) return entry
  const known = translated.get(entry)?.get(resource)
  if (known !== undefined) return known
  const made = translate(machine, resource, entry)
  if (!isPromise(made)) return remember(entry, resource, made)
  return made.then((one) => remember(entry, resource, one))
}

function remember(entry: Entry, resource: Resource, made: Entry): Entry {
  const forms = translated.get(entry) ?? new Map<Resource, Entry>()
  translated.set(entry, forms.set(resource, made))
  return made
}

function translate(machine: Machine, resource: Resource, entry: Entry): Entry | Promise<Entry> {
  const written = entry.form as Resource
  const from = resource.custom?.versions.get(written.version) ?? written
  const head = { kind: from.kind, apiVersion: apiVersionOf(from) }
  const object = pruned(from, { ...head, ...(JSON.parse(entry.text) as Stored) })
  if (from.schema !== undefined) applyDefaults(from.schema, object)
  const made = inForm(machine, object, from, resource)
  return isPromise(made)
    ? made.then((one) => entryIn(resource, entry, one))
    : entryIn(resource, entry, made)
}

function entryIn(resource: Resource, { key, revision }: Entry, object: Obj): Entry {
  const made = object as Stored
  return entryOf(key, revision, made, selectableFields(resource, made), {
    form: resource,
    sound: false,
  })
}

export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return value instanceof Promise
}
