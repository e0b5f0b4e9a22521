/**
 * What readers of the stream were told. Whoever comes again, by the id of what it heard last, is told only what is news to
 * it: a page that opens another release, or lost its connection for a moment, has the rest of the list still.
 */
import type { Ports } from '#kube/ports.ts'
import type { ReleaseId } from '../wire.ts'
import type { Line } from './list.ts'

export type Told = {
  /** What the reader has of each release, and by which telling. */
  readonly lines: Map<string, { readonly line: Line; readonly telling: number }>
  /** The last telling that said of something that it is gone. */
  goneBy: number
}

/** What a reader has that comes again: all that it was told up to this telling. */
export type Heard = { readonly told: Told; readonly upTo: number }

export type Reading = {
  /** Goes before the number of each telling. */
  readonly id: string
  readonly told: Told
  /** The reader has gone; it may come again for a while. */
  readonly end: () => void
}

export type Readers = {
  readonly begin: (user: string | undefined) => Reading
  /** `last` is the id of what was heard last; undefined where nobody knows it any more, or it was another's. */
  readonly heard: (last: string | undefined, user: string | undefined) => Heard | undefined
}

const rememberedMs = 60_000
/** So many that have gone are remembered. */
const mostGone = 50

type Known = Pick<Reading, 'told'> & { readonly user: string | undefined }

export function readersMemory({ clock, newId }: Pick<Ports, 'clock' | 'newId'>): Readers {
  const known = new Map<string, Known>()
  /** When each of them went, in that order. No timer: it would hold up the end of the process. */
  const gone = new Map<string, number>()
  const forgetOld = (): void => {
    for (const [id, at] of gone) {
      if (gone.size <= mostGone && clock.monotonic() - at < rememberedMs) return
      gone.delete(id)
      known.delete(id)
    }
  }
  return {
    begin: (user) => {
      forgetOld()
      const id = newId()
      const told: Told = { lines: new Map(), goneBy: 0 }
      known.set(id, { told, user })
      return {
        id,
        told,
        end: () => {
          gone.set(id, clock.monotonic())
          forgetOld()
        },
      }
    },
    heard: (last, user) => {
      forgetOld()
      const [, id = '', telling] = /^([0-9a-f-]+)\.(\d+)$/.exec(last ?? '') ?? []
      const found = known.get(id)
      if (found === undefined || found.user !== user) return undefined
      return { told: found.told, upTo: Number(telling) }
    },
  }
}

export type News = { readonly changed: readonly Line[]; readonly gone: readonly ReleaseId[] }

/** How what is to be seen now differs from what a reader has; undefined where that is not known to the letter. */
export function newsFor({ told, upTo }: Heard, seen: readonly Line[]): News | undefined {
  // It may not have heard that something is gone, and that is on record nowhere else.
  if (told.goneBy > upTo) return undefined
  const keys = new Set(seen.map(({ key }) => key))
  return {
    changed: seen.filter(({ key, json }) => {
      const before = told.lines.get(key)
      return before === undefined || before.telling > upTo || before.line.json !== json
    }),
    gone: [...told.lines].flatMap(([key, { line }]) => (keys.has(key) ? [] : [idOf(line.row)])),
  }
}

export function idOf({ door, namespace, name }: ReleaseId): ReleaseId {
  return { door, namespace, name }
}
