/** What a door makes of an object. */

import type { ReadResult } from '#core/api/read.ts'
import type { Lookup } from '#core/api/reference.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { type App, withPlacesOf } from '#core/model/app.ts'
import type { Door } from '#doors/door.ts'

const nothing: Lookup = () => undefined

/** A door that throws has a bug; its object is told so like any other that cannot be understood. */
export function readSafely(door: Door, object: KubeObject, lookup: Lookup = nothing): ReadResult {
  try {
    return door.read(object, lookup)
  } catch (error) {
    const message = `cannot be understood: ${error instanceof Error ? error.message : 'unknown fault'}`
    return { kind: 'problems', problems: [{ path: 'spec', message }] }
  }
}

/** The app with the places of candidates that left it, as long as anything of theirs is there: it is still looked at. */
export function withLeaving(door: Door, object: KubeObject, app: App, lookup: Lookup): App {
  try {
    return withPlacesOf(app, door.notebook(object, lookup))
  } catch {
    return app
  }
}
