/**
 * What would happen: the engine itself decides, pass after pass, over a model of the cluster in which all goes well. No
 * policy is written a second time here; what a plan says is what the controller does.
 */
import { decide } from '../decide.ts'
import type { Decision, MeasureAsk, Write } from '../decision.ts'
import type { App } from '../model/app.ts'
import type { ReleaseEvent } from '../model/event.ts'
import type { Phase, Reason } from '../model/notebook.ts'
import type { MetricAnswer, Observed } from '../observed.ts'
import type { ReasonType } from '../reasons.ts'
import type { Instant } from '../time.ts'
import { VirtualCluster } from './cluster.ts'
import { changesOf, type FieldChange } from './difference.ts'
import { goodAnswer, goodReply } from './good-answers.ts'

export type Forecast = {
  readonly moments: readonly Moment[]
  /** How long all of it takes, without the time that pods need to start and open waits. */
  readonly durationMs: number
  readonly end: {
    readonly phase: Phase
    readonly reason: Reason
    /** Whether nothing more would happen without a change; false where the forecast was given up. */
    readonly settled: boolean
  }
}

/** One thing that happens, `afterMs` after the beginning. */
export type Moment = { readonly afterMs: number } & (
  | { readonly kind: 'write'; readonly write: WriteForecast }
  | { readonly kind: 'transition'; readonly event: ReleaseEvent }
  | {
      readonly kind: 'wait'
      readonly type: ReasonType
      readonly message: string
      /** Undefined where only somebody's word ends it; the forecast goes on as if it had been given at once. */
      readonly durationMs: number | undefined
    }
)

export type WriteForecast = {
  readonly verb: Write['kind']
  readonly kind: string
  readonly name: string
  readonly changes: readonly FieldChange[]
}

/** Enough for a hundred steps; what takes more goes in circles. */
const mostPasses = 2000
/** A year: what waits longer is not waited for. */
const mostMs = 365 * 86_400_000

/** What the metric provider of the model says; by default, that all is well. */
export type Answerer = (app: App, asked: MeasureAsk, now: Instant) => MetricAnswer

/** @throws Bug when the snapshot is one that no door may let through. */
export function forecast(start: Observed, now: Instant, answer: Answerer = goodAnswer): Forecast {
  const run = new Run(start, now, answer)
  for (let passes = 0; passes < mostPasses && !run.done; passes += 1) run.pass()
  return run.result()
}

class Run {
  done = false
  readonly #cluster: VirtualCluster
  readonly #start: Instant
  readonly #moments: Moment[] = []
  #now: Instant
  #last: Decision | undefined
  #settled = false
  #words = 0

  readonly #answer: Answerer

  constructor(start: Observed, now: Instant, answer: Answerer) {
    this.#answer = answer
    const { acknowledged: _nobodyIsTold, ...observed } = start
    this.#cluster = new VirtualCluster(observed)
    this.#start = now
    this.#now = now
  }

  result(): Forecast {
    const last = this.#last ?? decide(this.#cluster.observe(), this.#now)
    const { phase, reason } = last.notebook
    const end = { phase, reason, settled: this.#settled }
    return { moments: this.#moments, durationMs: this.#now - this.#start, end }
  }

  pass(): void {
    const cluster = this.#cluster
    const decision = decide(cluster.observe(), this.#now)
    this.#last = decision
    cluster.memo = decision.memo
    cluster.answers = decision.measure.map((asked) => this.#answer(cluster.app, asked, this.#now))
    cluster.replies = decision.asks.map((asked) => goodReply(asked, this.#now))
    const written = decision.writes.filter((write) => this.#write(write)).length
    if (decision.write) this.#record(decision)
    if (decision.readBack !== undefined) this.#readBack(decision.readBack)
    cluster.follow()
    const asked = cluster.answers.length + cluster.replies.length
    if (written === 0 && asked === 0 && !decision.write && decision.readBack === undefined)
      this.#quiet(decision)
  }

  #record({ notebook, events }: Decision): void {
    this.#cluster.notebook = notebook
    for (const event of events) this.#add({ kind: 'transition', event })
  }

  #write(write: Write): boolean {
    const cluster = this.#cluster
    const [kind, name] =
      write.kind === 'create'
        ? [write.object.kind, write.object.metadata.name]
        : [write.ref.kind, write.ref.name]
    const before = cluster.find(kind, name)
    if (!cluster.write(write)) return false
    const { owner } = cluster.app
    if (kind === owner.kind && name === owner.name) return true
    const changes = changesOf(before, cluster.find(kind, name))
    if (changes.length === 0) return false
    this.#add({ kind: 'write', write: { verb: write.kind, kind, name, changes } })
    return true
  }

  // A server that says what was written means that it is another template: the worst case.
  #readBack({ written, object }: NonNullable<Decision['readBack']>): void {
    const { template } = (object as unknown as { spec: { template: App['template'] } }).spec
    this.#cluster.readBacks.push({ written, template })
  }

  /** Nothing more happens now: time goes to the next alarm, or somebody gives the word that is waited for. */
  #quiet(decision: Decision): void {
    const { reason, wakeAt } = decision
    const verb = isOpen(reason.type)
    if (verb !== undefined && this.#words < mostWords) return this.#word(decision, verb)
    if (wakeAt === undefined || wakeAt - this.#start > mostMs) {
      this.done = true
      this.#settled = true
      return
    }
    const until = Math.max(wakeAt, this.#now + 1)
    if (!isRest(decision)) this.#wait(reason, until - this.#now)
    this.#now = until
  }

  #wait({ type, message }: Reason, durationMs: number): void {
    const last = this.#moments.at(-1)
    if (last?.kind === 'wait' && last.type === type && last.durationMs !== undefined) {
      this.#moments.pop()
      const { afterMs } = last
      this.#moments.push({ ...last, afterMs, durationMs: last.durationMs + durationMs })
      return
    }
    this.#add({ kind: 'wait', type, message, durationMs })
  }

  #word({ reason, notebook }: Decision, verb: 'promote' | 'resume'): void {
    const cluster = this.#cluster
    this.#words += 1
    this.#add({ kind: 'wait', type: reason.type, message: reason.message, durationMs: undefined })
    const trial = notebook.trials.find(({ stage }) => stage.kind === 'steps')
    const id = `forecast-${this.#words}`
    const action = {
      id,
      verb,
      uid: cluster.app.uid,
      revision: trial?.revision ?? notebook.stable ?? '',
      step: trial?.step,
      by: 'somebody',
    }
    cluster.app = { ...cluster.app, action: { kind: 'action', text: id, action } }
  }

  #add(moment: MomentBody): void {
    this.#moments.push({ afterMs: this.#now - this.#start, ...moment })
  }
}

type MomentBody = Moment extends infer One
  ? One extends Moment
    ? Omit<One, 'afterMs'>
    : never
  : never

/** So many words of people a forecast gives; more are a plan that goes in circles. */
const mostWords = 200

/** What ends a wait that nothing else ends. */
function isOpen(type: ReasonType): 'promote' | 'resume' | undefined {
  if (type === 'WaitingForApproval') return 'promote'
  return type === 'Paused' ? 'resume' : undefined
}

function isRest({ notebook }: Decision): boolean {
  return notebook.trials.length === 0 && notebook.reason.type === 'Serving'
}
