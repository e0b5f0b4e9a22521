/** watch: what is there now, what has changed since, and then every change as it happens, one JSON line each. */
import type { HttpResponse } from '#kube/http.ts'
import { normalise } from './builtin/normalise.ts'
import { LineStream } from './line-stream.ts'
import { type ListOptions, revisionOf } from './list-options.ts'
import type { Call } from './machine.ts'
import { pageOf } from './read.ts'
import { type Render, renderOf } from './render.ts'
import { apiVersionOf, type Stored } from './resource.ts'
import { selectorTest, type Test } from './selectors.ts'
import { expired } from './status.ts'
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
    else if (!this.tellHistory(revisionOf(resourceVersion, this.call.resource))) return
    this.follow()
  }

  private tellInitial(bookmark: boolean): void {
    const { store } = this.call.machine
    const whole = { ...this.options, limit: 0, continue: '', match: '' as const }
    for (const entry of pageOf(this.call, { ...whole, resourceVersion: '' }).entries) {
      this.tell('ADDED', entry)
    }
    this.told = store.revision()
    if (bookmark) this.tellBookmark({ 'k8s.io/initial-events-end': 'true' })
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
      this.tellBookmark(undefined)
      cancel = clock.after(bookmarkEveryMs, tick)
    }
    let cancel = clock.after(bookmarkEveryMs, tick)
    return () => cancel()
  }

  private pass({ entry, before, type, revision }: Change): void {
    if (revision <= this.told && this.told !== 0) return
    if (!entry.key.startsWith(this.prefix)) return
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

  private tellBookmark(annotations: Record<string, string> | undefined): void {
    const { resource, machine } = this.call
    const revision = machine.store.revision()
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
