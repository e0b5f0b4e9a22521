/**
 * The objects, in memory, as JSON text: one global version that only grows, a history of changes for watches, and
 * nothing else. It knows keys and texts; what an object means is decided elsewhere. Every move is synchronous, so a
 * read and the write that follows it can never be torn apart.
 */
import type { Resource, Stored } from './resource.ts'
import { entryOf, type Like } from './stored-entry.ts'

export type Entry = {
  /** `namespace/name`, or `name`. */
  readonly key: string
  readonly revision: number
  /** The object without kind and apiVersion, beginning with `{"metadata":`. */
  readonly text: string
  readonly labels: Readonly<Record<string, string>>
  /** What field selectors may ask for, beyond name and namespace. */
  readonly fields: Readonly<Record<string, string>>
  /**
   * The kind as it was when the text was written; only for kinds whose form may change, custom ones. Whoever reads the
   * text as another kind has to translate it.
   */
  readonly form?: Resource
  /** True when all rules of that kind have been found to hold. */
  readonly sound?: boolean
}

/** How an object of a custom kind came to be what it is. */
export type Origin = Required<Pick<Entry, 'form' | 'sound'>>

export type Change = {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly revision: number
  /** For DELETED: the last state, with the revision of the deletion. */
  readonly entry: Entry
  readonly before: Entry | undefined
}

export type Listener = (change: Change) => void

type Shelf = {
  readonly entries: Map<string, Entry>
  /** Keys in order, as they were when somebody last asked for them. */
  sorted: string[]
  /** Keys that came after the last sorting. */
  fresh: string[]
  /** Whether `sorted` may hold keys that have gone. */
  stale: boolean
  history: Change[]
  /** Changes up to this revision are no longer remembered. */
  forgotten: number
  readonly listeners: Set<Listener>
}

export type StoreOptions = {
  /** Changes remembered per kind. Default 2,000; a watch from before them is answered 410. */
  readonly historyLimit?: number
  /** The revision before the first write. */
  readonly firstRevision?: number
}

export class Store {
  private readonly shelves = new Map<string, Shelf>()
  private readonly historyLimit: number
  private last: number

  constructor({ historyLimit = 2000, firstRevision = 1 }: StoreOptions = {}) {
    this.historyLimit = historyLimit
    this.last = firstRevision
  }

  /** A store that holds the same and remembers no history of it; a write to one is no write to the other. */
  copy(): Store {
    const copy = new Store({ historyLimit: this.historyLimit, firstRevision: this.last })
    for (const [storage, { entries, sorted, fresh, stale }] of this.shelves) {
      const shelf = { ...emptyShelf(), sorted, fresh: [...fresh], stale, forgotten: this.last }
      copy.shelves.set(storage, { ...shelf, entries: new Map(entries) })
    }
    return copy
  }

  /** The newest revision. */
  revision(): number {
    return this.last
  }

  get(storage: string, key: string): Entry | undefined {
    return this.shelf(storage).entries.get(key)
  }

  count(storage: string): number {
    return this.shelf(storage).entries.size
  }

  /**
   * Writes an object; its resourceVersion is set here. `fields` are its selectable fields, `origin` is kept beside it, and
   * what it has of `like` is taken from there.
   */
  write(
    storage: string,
    key: string,
    object: Stored,
    fields: Readonly<Record<string, string>>,
    origin?: Origin,
    like?: Like,
  ): Entry {
    const shelf = this.shelf(storage)
    this.last += 1
    const before = shelf.entries.get(key)
    const entry = entryOf(key, this.last, object, fields, origin, like)
    shelf.entries.set(key, entry)
    if (before === undefined) shelf.fresh.push(key)
    const type = before === undefined ? 'ADDED' : 'MODIFIED'
    this.record(shelf, { type, revision: this.last, entry, before })
    return entry
  }

  /** Takes an object away; `object` is its last state, as watches shall see it. */
  remove(storage: string, key: string, object: Stored): Entry {
    const shelf = this.shelf(storage)
    const before = shelf.entries.get(key)
    this.last += 1
    const entry = entryOf(key, this.last, object, before?.fields ?? {}, originOf(before))
    shelf.entries.delete(key)
    shelf.stale = true
    this.record(shelf, { type: 'DELETED', revision: this.last, entry, before })
    return entry
  }

  /** The entries of a kind in key order, now. */
  list(storage: string, prefix = ''): Entry[] {
    const shelf = this.shelf(storage)
    return range(keysOf(shelf), prefix).map((key) => shelf.entries.get(key) as Entry)
  }

  /** The entries as they were at a revision, or undefined when that is no longer known. */
  listAt(storage: string, then: number, prefix = ''): Entry[] | undefined {
    const shelf = this.shelf(storage)
    if (then < shelf.forgotten) return undefined
    const later = shelf.history.filter((change) => change.revision > then)
    if (later.length === 0) return this.list(storage, prefix)
    const entries = new Map(this.list(storage, prefix).map((entry) => [entry.key, entry]))
    for (const { entry, before } of later.reverse()) {
      if (!entry.key.startsWith(prefix)) continue
      if (before === undefined) entries.delete(entry.key)
      else entries.set(entry.key, before)
    }
    return [...entries.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  /** The changes after `since`, or the newest revision already forgotten when they are not all remembered. */
  changesSince(storage: string, since: number): readonly Change[] | number {
    const { forgotten, history } = this.shelf(storage)
    return since < forgotten ? forgotten : history.slice(firstAfter(history, since))
  }

  /** Calls back, synchronously, after every change of a kind, until the returned function is called. */
  listen(storage: string, listener: Listener): () => void {
    const { listeners } = this.shelf(storage)
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  /** Forgets all changes up to `until`, as an etcd compaction does. */
  compact(until = this.last): void {
    for (const shelf of this.shelves.values()) {
      trim(shelf, firstAfter(shelf.history, until))
      shelf.forgotten = Math.max(shelf.forgotten, until)
    }
  }

  private shelf(storage: string): Shelf {
    let shelf = this.shelves.get(storage)
    if (shelf === undefined) {
      shelf = emptyShelf()
      this.shelves.set(storage, shelf)
    }
    return shelf
  }

  private record(shelf: Shelf, change: Change): void {
    shelf.history.push(change)
    // Cut in larger pieces, so that the cost of cutting does not fall on every write.
    if (shelf.history.length > this.historyLimit * 1.25) {
      trim(shelf, shelf.history.length - this.historyLimit)
    }
    for (const listener of [...shelf.listeners]) listener(change)
  }
}

function emptyShelf(): Shelf {
  return {
    entries: new Map(),
    sorted: [],
    fresh: [],
    stale: false,
    history: [],
    forgotten: 0,
    listeners: new Set(),
  }
}

function originOf(entry: Entry | undefined): Origin | undefined {
  return entry?.form === undefined ? undefined : { form: entry.form, sound: entry.sound === true }
}

function trim(shelf: Shelf, count: number): void {
  const last = shelf.history[count - 1]
  if (last === undefined) return
  shelf.forgotten = Math.max(shelf.forgotten, last.revision)
  shelf.history = shelf.history.slice(count)
}

/** The keys in order. Sorting anew costs most, so new keys are merged in and gone ones dropped, once per reading. */
function keysOf(shelf: Shelf): readonly string[] {
  const { entries, fresh } = shelf
  if (shelf.stale) {
    // A key that went and came again stands in both lists.
    const again = new Set(fresh)
    shelf.sorted = shelf.sorted.filter((key) => entries.has(key) && !again.has(key))
    shelf.fresh = [...again].filter((key) => entries.has(key))
    shelf.stale = false
  }
  if (shelf.fresh.length > 0) {
    shelf.sorted = merged(shelf.sorted, shelf.fresh.sort())
    shelf.fresh = []
  }
  return shelf.sorted
}

function merged(a: readonly string[], b: readonly string[]): string[] {
  const last = a.at(-1)
  if (last === undefined || last < (b[0] as string)) return [...a, ...b]
  const result: string[] = []
  let [i, j] = [0, 0]
  while (i < a.length && j < b.length) {
    const [x, y] = [a[i] as string, b[j] as string]
    if (x < y) i += 1
    else j += 1
    result.push(x < y ? x : y)
  }
  return [...result, ...a.slice(i), ...b.slice(j)]
}

/** Index of the first change after a revision; changes are in order. */
function firstAfter(history: readonly Change[], revision: number): number {
  let low = 0
  let high = history.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((history[middle] as Change).revision <= revision) low = middle + 1
    else high = middle
  }
  return low
}

/** The keys that begin with a prefix; `keys` is sorted. */
function range(keys: readonly string[], prefix: string): readonly string[] {
  if (prefix === '') return keys
  const from = lowerBound(keys, prefix)
  let to = from
  while (to < keys.length && (keys[to] as string).startsWith(prefix)) to += 1
  return keys.slice(from, to)
}

function lowerBound(keys: readonly string[], wanted: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((keys[middle] as string) < wanted) low = middle + 1
    else high = middle
  }
  return low
}
