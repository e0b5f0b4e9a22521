/**
 * Tells what a release's stored notebook says is pending, to every sink, in the door's words; and hands the next pass
 * what has been told. It never holds a pass up, and may lose all of its memory: what is pending is in the notebook.
 */
import type { KubeObject } from '#core/k8s/meta.ts'
import type { App } from '#core/model/app.ts'
import type { ReleaseEvent } from '#core/model/event.ts'
import type { Notebook } from '#core/model/notebook.ts'
import { type Messages, plainVocabulary } from '#core/outbox/vocabulary.ts'
import type { Door } from '#doors/door.ts'
import type { Log } from '#kube/log.ts'
import type { Ports } from '#kube/ports.ts'
import type { KeyState } from '../state.ts'
import type { Telemetry } from '../telemetry.ts'
import { type Lane, lane } from './lane.ts'
import type { Attempt, Outcome, Sink } from './sink.ts'

export type Pending = {
  readonly key: string
  readonly door: Door
  readonly object: KubeObject
  readonly app: App
  /** As it is stored. */
  readonly book: Notebook | undefined
  readonly state: KeyState
}

export type Outbox = {
  /** Whether there is anybody to tell. */
  readonly tells: boolean
  /** Sends what is pending and not on its way yet. Returns at once. */
  readonly tell: (pending: Pending) => void
  /** This process may tell from now on, as long as it is told so. */
  readonly open: (may: () => boolean) => void
  /** Forgets everything that waits. */
  readonly close: () => void
}

export type OutboxOptions = {
  readonly sinks: readonly Sink[]
  readonly ports: Ports
  /** Time as releases know it. */
  readonly now: () => number
  readonly again: (key: string) => void
  readonly log: Log
  readonly telemetry: Pick<Telemetry, 'told' | 'toldDepth'>
  /** Letters that one sink may hold in memory. */
  readonly most?: number
}

type Way = { readonly sink: Sink; readonly lane: Lane }

export function outbox(options: OutboxOptions): Outbox {
  const { sinks, telemetry } = options
  let may: (() => boolean) | undefined
  /** Ids of events on their way. */
  const underWay = new Set<string>()
  /** Releases whose events found no room. */
  const crowded = new Set<string>()
  const ways = sinks.map((sink) => ({ sink, lane: laneOf(options, sink, () => may?.() === true) }))
  for (const { sink, lane: own } of ways) telemetry.toldDepth(sink.name, own.size)

  const told = ({ key, state }: Pending, { id }: ReleaseEvent): void => {
    underWay.delete(id)
    state.told.set(id, { id, at: options.now() })
    options.again(key)
    const [next] = crowded
    if (next !== undefined && crowded.delete(next)) options.again(next)
  }

  const tell = (pending: Pending): void => {
    const { state, key } = pending
    const events = pending.book?.outbox?.pending ?? []
    forgetWritten(state, events)
    for (const event of may === undefined ? [] : events) {
      if (state.told.has(event.id) || underWay.has(event.id)) continue
      const letters = lettersOf(options, ways, pending, event)
      if (ways.some((way) => way.lane.room() < letters.length)) return void crowded.add(key)
      // Nobody wants to hear of it: that is known at once, in time for this very pass.
      if (letters.length === 0) state.told.set(event.id, { id: event.id, at: options.now() })
      else underWay.add(event.id)
      post(letters, () => told(pending, event))
    }
  }

  return {
    tells: sinks.length > 0,
    tell,
    open: (asked) => {
      may = asked
    },
    close: () => {
      may = undefined
      for (const way of ways) way.lane.clear()
      underWay.clear()
      crowded.clear()
    },
  }
}

type Done = Exclude<Outcome, { kind: 'later' }>

type Draft = {
  readonly lane: Lane
  readonly key: string
  readonly attempt: Attempt
  readonly report: (outcome: Done) => void
}

/** So many messages a door may make of one transition for one sink. */
const lettersAtMost = 8

function lettersOf(
  options: OutboxOptions,
  ways: readonly Way[],
  pending: Pending,
  event: ReleaseEvent,
): readonly Draft[] {
  const { key, object } = pending
  const messages = wordsOf(pending, event)
  return ways.flatMap(({ sink, lane: own }) =>
    sink
      .attempts(messages, { object, event })
      .slice(0, lettersAtMost)
      .map((attempt) => ({
        lane: own,
        key,
        attempt,
        report: (outcome: Done) => report(options, sink.name, object, outcome),
      })),
  )
}

/** An event is told once its last letter needs no further attempt. */
function post(letters: readonly Draft[], told: () => void): void {
  let open = letters.length
  for (const { lane: own, report: say, ...letter } of letters) {
    const done = (outcome: Done): void => {
      say(outcome)
      open -= 1
      if (open === 0) told()
    }
    own.take({ ...letter, done })
  }
}

const nothing: Messages = { kubernetes: [], http: [], file: [] }

/** A door that cannot say a transition has a bug; the release goes on, and the event says nothing. */
function wordsOf({ door, app, book, object }: Pending, event: ReleaseEvent): Messages {
  if (book === undefined) return nothing
  try {
    return (door.vocabulary ?? plainVocabulary)(event, app, book, object)
  } catch {
    return plainVocabulary(event, app, book)
  }
}

/** What the stored notebook no longer says is pending needs no acknowledgement any more. */
function forgetWritten({ told }: KeyState, events: readonly ReleaseEvent[]): void {
  if (told.size === 0) return
  const pending = new Set(events.map(({ id }) => id))
  for (const id of told.keys()) if (!pending.has(id)) told.delete(id)
}

function report(
  { telemetry, log }: OutboxOptions,
  sink: string,
  { metadata }: KubeObject,
  outcome: Done,
): void {
  telemetry.told(sink, outcome.kind)
  if (outcome.kind === 'delivered') return
  const { name: release, namespace } = metadata
  const facts = { sink, release, namespace, why: outcome.why }
  log.warn(facts, 'an event is given up: its receiver does not take it')
}

function laneOf(
  { ports, log, telemetry, most }: OutboxOptions,
  sink: Sink,
  may: () => boolean,
): Lane {
  return lane({
    ports,
    atOnce: sink.atOnce,
    may,
    ...(most === undefined ? {} : { most }),
    onTrouble: (why, failures) => {
      telemetry.told(sink.name, 'retried')
      if (failures === 1)
        log.warn({ sink: sink.name, why }, 'events wait: their sink is in trouble')
    },
    onRecovery: () => log.info({ sink: sink.name }, 'the sink takes events again'),
  })
}
