/** watch: what is there now, what has changed since, and then every change as it happens, one JSON line each. */
import type { HttpResponse } from '#kube/http.ts'
import { normalise } from './builtin/normalise.ts'
import { isPromise, readable } from './crd/forms.ts'
import { LineStream } from './line-stream.ts'
import { type ListOptions, revisionOf } from './list-options.ts'
import type { Call } from './machine.ts'
import { type Render, renderOf } from './render.ts'
import { apiVersionOf, type Stored } from './resource.ts'
import { selectorTest, type Test } from './selectors.ts'
import { ApiError, expired, internal } from './status.ts'
import type { Change, Entry } from './store.ts'

const bookmarkEveryMs = 60_000
/** Lines that may wait for a slow reader before its watch is ended, as a real server ends it. */
const backlogLines = 50_000

/** Answers at once; the body goes on until the client leaves or the time-out passes. */
export function watch(call: Call, options: ListOptions): HttpResponse {
  const render = renderOf(call)
  const run = new WatchRun(call, options, render)
  run.start()
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: run.stream,
  }
}

class WatchRun {
  readonly stream = new LineStream()
  private readonly call: Call
  private readonly options: ListOptions
  private readonly render: Render
  private readonly test: Test | undefined
  private readonly prefix: string
  private first = true
  /** The end of what is still being converted; undefined while events can be told at once. */
  private queue: Promise<void> | undefined
  /** Changes up to here have been told or are older than what was asked for. */
  private told = 0

  constructor(call: Call, options: ListOptions, render: Render) {
    this.call = call
    this.options = options
    this.render = render
    this.prefix = call.namespace === '' ? '' : `${call.namespace}/`
    const named = call.name === '' ? options.fieldSelector : `metadata.name=${call.name}`
    this.test = selectorTest(call.resource, options.labelSelector, named)
  }

  start(): void {
    const { resourceVersion, sendInitialEvents } = this.options
    const fromNow = resourceVersion === '' || resourceVersion === '0'
    const initial = sendInitialEvents ?? fromNow
    if (initial) this.tellInitial(sendInitialEvents === true)
    else if (fromNow) this.told = this.call.machine.store.revision()
    else if (!this.tellHistory(revisionOf(resourceVersion))) return
    this.follow()
  }

  private tellInitial(bookmark: boolean): void {
    const { store } = this.call.machine
    const { resource } = this.call
    for (const entry of store.list(resource.storage, this.prefix)) {
      this.judge('ADDED', entry, undefined, entry.revision)
    }
    this.told = store.revision()
    if (bookmark) this.tellBookmark(this.told, { 'k8s.io/initial-events-end': 'true' })
  }

  /** False when the history does not reach back that far; the client has been told so. */
  private tellHistory(since: number): boolean {
    const changes = this.call.machine.store.changesSince(this.call.resource.storage, since)
    if (typeof changes === 'number') {
      const gone = expired(`too old resource version: ${since} (${changes})`)
      this.stream.push(`{"type":"ERROR","object":${JSON.stringify(gone.status)}}\n`)
      this.stream.end()
      return false
    }
    for (const change of changes) this.pass(change)
    this.told = Math.max(since, this.call.machine.store.revision())
    return true
  }

  private follow(): void {
    const { machine, context, resource } = this.call
    const { clock, random } = machine.ports
    const stops: (() => void)[] = [
      machine.store.listen(resource.storage, (change) => this.pass(change)),
    ]
    const timeoutMs = this.options.timeoutMs ?? 1_800_000 * (1 + random())
    stops.push(clock.after(timeoutMs, () => this.stream.end()))
    if (this.options.bookmarks) stops.push(this.bookmarks())
    const leave = (): void => this.stream.end()
    context.signal?.addEventListener('abort', leave, { once: true })
    stops.push(() => context.signal?.removeEventListener('abort', leave))
    this.stream.onEnd(() => {
      for (const stop of stops) stop()
    })
    if (context.signal?.aborted === true) this.stream.end()
  }

  private bookmarks(): () => void {
    const { clock } = this.call.machine.ports
    const tick = (): void => {
      this.tellBookmark(this.call.machine.store.revision(), undefined)
      cancel = clock.after(bookmarkEveryMs, tick)
    }
    let cancel = clock.after(bookmarkEveryMs, tick)
    return () => cancel()
  }

  private pass({ entry, before, type, revision }: Change): void {
    if (revision <= this.told && this.told !== 0) return
    if (entry.key.startsWith(this.prefix)) this.judge(type, entry, before, revision)
  }

  /** Tells a change in the form of the request's version. Told in order, whoever has to be asked for the form. */
  private judge(
    type: Change['type'],
    entry: Entry,
    before: Entry | undefined,
    revision: number,
  ): void {
    const { machine, resource } = this.call
    const both = before === undefined ? [entry] : [entry, before]
    const read = readable(machine, resource, both)
    const tell = ([now, was]: readonly Entry[]): void =>
      this.tellChange(type, now as Entry, was, revision)
    if (this.queue === undefined && !isPromise(read)) tell(read)
    else this.enqueue(Promise.resolve(read).then((known) => () => tell(known)))
  }

  private enqueue(line: Promise<() => void>): void {
    const earlier = this.queue ?? Promise.resolve()
    // Its failure is told when its turn comes.
    line.catch(() => {})
    const mine: Promise<void> = earlier
      .then(() => line)
      .then(
        (tell) => tell(),
        (error: unknown) => this.fail(error),
      )
      .then(() => {
        if (this.queue === mine) this.queue = undefined
      })
    this.queue = mine
  }

  /** What cannot be told ends the watch. */
  private fail(error: unknown): void {
    const { status } = error instanceof ApiError ? error : internal(String(error))
    this.stream.push(`{"type":"ERROR","object":${JSON.stringify(status)}}\n`)
    this.stream.end()
  }

  private tellChange(
    type: Change['type'],
    entry: Entry,
    before: Entry | undefined,
    revision: number,
  ): void {
    const is = type !== 'DELETED' && (this.test?.(entry) ?? true)
    const was = before !== undefined && (this.test?.(before) ?? true)
    if (is) this.tell(was ? 'MODIFIED' : 'ADDED', entry)
    else if (was) this.tell('DELETED', type === 'DELETED' ? entry : this.lastSeen(before, revision))
  }

  /** An object that left the selection is told as deleted, in its last matching state. */
  private lastSeen(before: Entry, revision: number): Entry {
    const object = JSON.parse(before.text) as Stored
    object.metadata.resourceVersion = String(revision)
    return { ...before, revision, text: JSON.stringify(object) }
  }

  private tell(type: string, entry: Entry): void {
    this.stream.push(`{"type":"${type}","object":${this.render.event(entry, this.first)}}\n`)
    this.first = false
    if (this.stream.waiting > backlogLines) this.stream.end()
  }

  private tellBookmark(revision: number, annotations: Record<string, string> | undefined): void {
    if (this.queue !== undefined) {
      this.enqueue(Promise.resolve(() => this.pushBookmark(revision, annotations)))
      return
    }
    this.pushBookmark(revision, annotations)
  }

  private pushBookmark(revision: number, annotations: Record<string, string> | undefined): void {
    const { resource } = this.call
    const metadata = {
      resourceVersion: String(revision),
      ...(annotations === undefined ? {} : { annotations }),
    }
    const empty =
      resource.custom === undefined && resource.schema !== undefined
        ? normalise(resource.schema, {})
        : {}
    const head = { kind: resource.kind, apiVersion: apiVersionOf(resource) }
    const object = { ...head, ...empty, ...head, metadata }
    const as = this.render.wanted.as
    if (as === 'object') {
      this.stream.push(`{"type":"BOOKMARK","object":${JSON.stringify(object)}}\n`)
      return
    }
    const text = JSON.stringify({ metadata })
    const entry: Entry = { key: '', revision, text, labels: {}, fields: {} }
    this.tell('BOOKMARK', entry)
  }
}
