/**
 * Objects as values that nobody may change. A write looks at what was there several times, and what it leaves alone goes
 * over into the new object as it is; so most of an object is read, shaped and compared once, or not at all.
 */
import type { Value } from '#core/schema/json.ts'
import { objectOf } from './output.ts'
import type { Resource, Stored } from './resource.ts'
import type { Entry } from './store.ts'

export type Views = {
  /** The object of an entry. Only the last one asked for is kept. */
  readonly of: (resource: Resource, entry: Entry) => Stored
  /** The entry of the last view, if that is it. */
  readonly entryOf: (object: Stored) => Entry | undefined
}

type View = { readonly resource: Resource; readonly entry: Entry; readonly object: Stored }

/** `frozen`, for tests: whoever changes a view all the same is thrown at. */
export function createViews(frozen: boolean): Views {
  let latest: View | undefined
  return {
    of: (resource, entry) => {
      if (latest?.entry !== entry || latest.resource !== resource) {
        const object = objectOf(resource, entry)
        if (frozen) freeze(object)
        latest = { resource, entry, object }
      }
      return latest.object
    },
    entryOf: (object) => (latest?.object === object ? latest.entry : undefined),
  }
}

function freeze(value: Value): void {
  if (typeof value !== 'object' || value === null) return
  Object.freeze(value)
  for (const part of Object.values(value)) freeze(part)
}
