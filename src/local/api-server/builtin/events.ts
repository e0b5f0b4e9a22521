/** Events have two shapes, of the core group and of events.k8s.io, for one stored object: the core one. */
import type { Obj } from '#core/schema/json.ts'

const renamed = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['source', 'deprecatedSource'],
  ['reportingComponent', 'reportingController'],
] as const

const toNew = new Map<string, string>(renamed)
const toCore = new Map<string, string>(renamed.map(([core, renewed]) => [renewed, core]))

/** The stored event in the shape of events.k8s.io/v1. */
export function newEvent(event: Obj): Obj {
  return rename(event, toNew)
}

/** An event of events.k8s.io/v1 in the shape it is stored in. */
export function coreEvent(event: Obj): Obj {
  return rename(event, toCore)
}

function rename(event: Obj, names: ReadonlyMap<string, string>): Obj {
  const result: Obj = {}
  for (const [key, value] of Object.entries(event)) {
    result[names.get(key) ?? key] = value
  }
  return result
}
