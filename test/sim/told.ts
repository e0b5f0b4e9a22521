/** What an instance has been told, line by line: the view that its decisions may rest on. */

import type { KubeObject } from '#core/k8s/meta.ts'
import { changed, nothing, type ShelfName, type Truth } from './truth.ts'

/** An object as it stood in the store after the write with this revision; undefined when that write took it away. */
export type AtRevision = (
  revision: number,
) =>
  | { readonly shelf: ShelfName; readonly key: string; readonly object: KubeObject | undefined }
  | undefined

export type Told = {
  /** Views that held at this instant or were the last before it, newest last. */
  readonly views: () => readonly Truth[]
  /** One stream's own account: what comes before its list is complete shows only once it is. */
  readonly stream: (shelf: ShelfName, initial: boolean) => (line: string) => void
  readonly list: (shelf: ShelfName, objects: readonly KubeObject[]) => void
}

const version = /"resourceVersion":"(\d+)"/
/** The name in lines about objects that never were. */
export const unknownName = 'never-seen'
const endOfList = '"k8s.io/initial-events-end":"true"'

export function toldBy(atRevision: AtRevision, now: () => number): Told {
  const history: { at: number; view: Truth }[] = [{ at: 0, view: nothing }]
  const last = (): Truth => (history.at(-1) as { view: Truth }).view
  const see = (view: Truth): void => {
    const at = now()
    history.push({ at, view })
    // One from before this instant is enough.
    while (history.length > 2 && (history[1] as { at: number }).at < at) history.shift()
  }
  const whole = (shelf: ShelfName, all: ReadonlyMap<string, KubeObject>): void =>
    see({ ...last(), [shelf]: all })

  return {
    views: () => history.map(({ view }) => view),
    list: (shelf, objects) =>
      whole(shelf, new Map(objects.map((object) => [keyOf(object), object]))),
    stream: (shelf, initial) => {
      let growing = initial ? new Map<string, KubeObject>() : undefined
      return (line) => {
        const revision = Number(version.exec(line)?.[1] ?? 0)
        if (line.startsWith('{"type":"BOOKMARK"')) {
          if (growing !== undefined && line.includes(endOfList)) {
            whole(shelf, growing)
            growing = undefined
          }
          return
        }
        const found = atRevision(revision)
        // Lines about objects that never were tell nothing.
        if (found === undefined || found.shelf !== shelf || line.includes(unknownName)) return
        const held = (growing ?? last()[shelf]).get(found.key)
        // What is older than what is known tells nothing.
        if (Number(held?.metadata.resourceVersion ?? 0) > revision) return
        const gone = line.startsWith('{"type":"DELETED"')
        const object = gone ? undefined : found.object
        if (growing === undefined) see(changed(last(), shelf, found.key, object))
        else if (object !== undefined) growing.set(found.key, object)
      }
    },
  }
}

function keyOf({ metadata }: KubeObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`
}
