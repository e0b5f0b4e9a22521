/** From stored text to what a client reads: kind and version put in front, events in the words of their group. */
import type { Obj } from '#core/schema/json.ts'
import { coreEvent, newEvent } from './builtin/events.ts'
import { apiVersionOf, type Resource, type Stored } from './resource.ts'
import type { Entry } from './store.ts'
import { contentOf } from './stored-entry.ts'

const heads = new WeakMap<Resource, string>()

function headOf(resource: Resource): string {
  let head = heads.get(resource)
  if (head === undefined) {
    const apiVersion = JSON.stringify(apiVersionOf(resource))
    head = `{"kind":${JSON.stringify(resource.kind)},"apiVersion":${apiVersion},`
    heads.set(resource, head)
  }
  return head
}

/** The object as JSON text, with kind and apiVersion. */
export function textOf(resource: Resource, entry: Entry): string {
  return headOf(resource) + bodyOf(resource, entry).slice(1)
}

/** The object as JSON text the way it stands in a list: built-in kinds leave out kind and apiVersion there. */
export function itemText(resource: Resource, entry: Entry): string {
  return resource.custom === undefined ? bodyOf(resource, entry) : textOf(resource, entry)
}

function bodyOf(resource: Resource, entry: Entry): string {
  if (resource.group !== 'events.k8s.io') return entry.text
  return JSON.stringify(newEvent(JSON.parse(entry.text) as Obj))
}

/** The object as a value the caller may change. */
export function objectOf(resource: Resource, entry: Entry): Stored {
  const head = { kind: resource.kind, apiVersion: apiVersionOf(resource) }
  const content = contentOf(entry)
  const words = resource.group === 'events.k8s.io' ? newEvent(content) : content
  return { ...head, ...(words as Stored) }
}

/** The object as it is to be stored: events of events.k8s.io become core events. */
export function forStore(resource: Resource, object: Stored): Stored {
  return resource.group === 'events.k8s.io' ? (coreEvent(object) as Stored) : object
}
