/**
 * One reader of changes, by server-sent events. What changes is collected and told at most ten times a second; a reader
 * that takes nothing gets the newest state once it takes something again, and is let go of where that lasts too long. So
 * never more than one telling waits for anybody.
 */
import type { ServerResponse } from 'node:http'
import type { Clock } from '#kube/ports.ts'
import type { Sight } from '../rights.ts'
import type { ReleaseDetail, ReleaseId, StreamEvents } from '../wire.ts'
import type { Line, LiveList } from './list.ts'
import { type Heard, idOf, newsFor, type Reading } from './readers.ts'

/** Ten tellings a second at most. */
const pauseMs = 100
const tickMs = 5000
/** So long a reader may take nothing. */
const patienceMs = 15_000
/** How often it is asked whether the reader is still who it was, and may still see what it sees. */
const renewMs = 60_000

export type Reader = {
  readonly list: LiveList
  /** The reader's sight now; undefined once they are nobody any more. Rejects where nobody can tell. */
  readonly renew: () => Promise<Sight | undefined>
  readonly sight: Sight
  readonly clock: Clock
  readonly reading: Reading
  /** What it has from an earlier stream. */
  readonly heard: Heard | undefined
  /** The time of the releases, which may run faster. */
  readonly now: () => number
  /** The one release that is looked at closely. */
  readonly detail:
    | {
        readonly id: ReleaseId
        readonly now: () => Promise<ReleaseDetail | undefined>
        readonly end: () => void
      }
    | undefined
}

export type Stream = {
  /** Something of the detail has changed. */
  readonly detailChanged: () => void
  readonly close: () => void
  readonly closed: Promise<void>
}

/** Begins to tell; the answer's head is written here. */
export function openStream(response: ServerResponse, reader: Reader): Stream {
  const { list, clock, detail, reading } = reader
  const closed = Promise.withResolvers<void>()
  const pending = new Map<string, Line | undefined>()
  /** What the reader was told of, and so has to hear of when it goes. */
  const { told } = reading
  let telling = 0
  let sight = reader.sight
  let open = true
  let isDetailDue = detail !== undefined
  let lastDetail = ''
  let isFull = false
  let isBusy = false
  let cancelFlush: (() => void) | undefined
  let cancelPatience = (): void => {}

  const finish = (): void => {
    if (!open) return
    open = false
    end()
    cancelFlush?.()
    cancelPatience()
    cancelTick()
    cancelRenew()
    detail?.end()
    reading.end()
    closed.resolve()
  }
  const close = (): void => {
    finish()
    if (!response.writableEnded) response.end()
  }
  const write = (text: string): void => {
    if (!open || text === '' || response.write(text)) return
    isFull = true
    cancelPatience()
    cancelPatience = clock.after(patienceMs, () => {
      finish()
      response.destroy()
    })
  }
  /** What changes the reader's list bears an id, by which it may come again. */
  const tell = (text: string): void => {
    if (text !== '') write(`${text}id: ${reading.id}.${telling}\n\n`)
  }
  /** Tells of lines, and notes that they were told. */
  const changesText = (changed: readonly Line[], gone: readonly ReleaseId[]): string => {
    telling += 1
    for (const line of changed) told.lines.set(line.key, { line, telling })
    if (gone.length > 0) told.goneBy = telling
    const texts = [
      ...(changed.length === 0 ? [] : [frame('changed', listOf(changed))]),
      ...(gone.length === 0 ? [] : [frame('gone', JSON.stringify(gone))]),
    ]
    return texts.join('\n')
  }
  const changesSeen = (changes: readonly (readonly [string, Line | undefined])[]): string => {
    const changed: Line[] = []
    const gone: ReleaseId[] = []
    for (const [key, line] of changes) {
      const known = told.lines.get(key)
      if (line !== undefined && sight.sees(line) === true) changed.push(line)
      else if (known !== undefined) {
        told.lines.delete(key)
        gone.push(idOf(known.line.row))
      }
    }
    return changesText(changed, gone)
  }
  const soon = (): void => {
    if (!open || cancelFlush !== undefined || isBusy || isFull) return
    cancelFlush = clock.after(pauseMs, () => void flush())
  }
  const isDue = (): boolean => pending.size > 0 || isDetailDue
  const flush = async (): Promise<void> => {
    cancelFlush = undefined
    isBusy = true
    try {
      const changes = [...pending]
      pending.clear()
      await sight.learn(changes.flatMap(([, line]) => (line === undefined ? [] : [line])))
      tell(changesSeen(changes))
      if (isDetailDue && detail !== undefined) {
        isDetailDue = false
        const now = await detail.now()
        // Who comes again may still show what is there no more, and hears of it from nothing else.
        const text = now === undefined ? event('missing', detail.id) : event('detail', now)
        // Objects change in ways that nobody sees.
        if (text !== lastDetail) write(text)
        lastDetail = text
      }
    } catch {
      // It comes again, and hears then why not.
      close()
    } finally {
      isBusy = false
    }
    if (isDue()) soon()
  }

  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  response.on('drain', () => {
    isFull = false
    cancelPatience()
    if (isDue()) soon()
  })
  response.on('close', finish)
  const end = list.subscribe(({ key, now }) => {
    pending.set(key, now)
    soon()
  })
  const seen = [...list.lines()].filter((line) => sight.sees(line) === true)
  let cancelTick = clock.after(0, tick)
  let cancelRenew = clock.after(renewMs, () => void renew())
  begin(seen)
  soon()
  // Who went before we came to it tells nobody so any more.
  if (response.destroyed) finish()

  function begin(lines: readonly Line[]): void {
    const news = reader.heard === undefined ? undefined : newsFor(reader.heard, lines)
    telling = 1
    for (const line of lines) told.lines.set(line.key, { line, telling })
    if (news === undefined) return tell(frame('rows', listOf(lines)))
    // Also where nothing is news: from here on, this stream is the one that it heard last.
    tell(changesText(news.changed, news.gone) || frame('changed', '[]'))
  }
  function tick(): void {
    if (!isFull) write(event('tick', { now: reader.now() }))
    cancelTick = clock.after(tickMs, tick)
  }
  async function renew(): Promise<void> {
    const next = await reader.renew().catch(() => undefined)
    if (next === undefined) return close()
    if (!open) return
    sight = next
    // What may be seen no longer is told as gone, what may be seen now as changed.
    for (const line of list.lines())
      if ((sight.sees(line) === true) !== told.lines.has(line.key)) pending.set(line.key, line)
    soon()
    cancelRenew = clock.after(renewMs, () => void renew())
  }
  return {
    detailChanged: () => {
      isDetailDue = detail !== undefined
      soon()
    },
    close,
    closed: closed.promise,
  }
}

function event<K extends keyof StreamEvents>(name: K, value: StreamEvents[K]): string {
  return `${frame(name, JSON.stringify(value))}\n`
}

/** An event without its end. JSON holds no line breaks, so that one line of data is all of it. */
function frame(name: keyof StreamEvents, json: string): string {
  return `event: ${name}\ndata: ${json}\n`
}

function listOf(lines: readonly Line[]): string {
  return `[${lines.map(({ json }) => json).join(',')}]`
}
