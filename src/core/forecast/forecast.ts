/**
 * What would happen: the engine itself decides, pass after pass, over a model of the cluster in which all goes well. No
 * policy is written a second time here; what a plan says is what the controller does.
 */
import { decide } from '../decide.ts'
import type { Decision, MeasureAsk, Write } from '../decision.ts'
import type { App } from '../model/app.ts'
import type { ReleaseEvent } from '../model/event.ts'
import type { Phase, Reason, Trial } from '../model/notebook.ts'
import type { MetricAnswer, Observed } from '../observed.ts'
import type { ReasonType } from '../reasons.ts'
import { alikeOf } from '../revision.ts'
import { awaitsApproval } from '../steps/gate.ts'
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
      /**
       * Undefined where only somebody's word ends it, and the forecast goes on as if that had been given at once; and where
       * nothing does.
       */
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

/**
 * @param endless a reason that, with these answers, nothing ends: the forecast stops where it is waited for by it.
 * @throws Bug when the snapshot is one that no door may let through.
 */
export function forecast(
  start: Observed,
  now: Instant,
  answer: Answerer = goodAnswer,
  endless?: ReasonType,
): Forecast {
  const run = new Run(start, now, answer, endless)
  for (let passes = 0; passes < mostPasses && !run.done; passes += 1) run.pass()
  return run.result()
}

class Run {
  done = false
  readonly #cluster: VirtualCluster
  readonly #start: Instant
  /** Whether a controller has looked at the object as it stands. */
  readonly #wasSeen: boolean
  readonly #moments: Moment[] = []
  #now: Instant
  #last: Decision | undefined
  #settled = false
  #words = 0

  readonly #answer: Answerer

  readonly #endless: ReasonType | undefined

  constructor(start: Observed, now: Instant, answer: Answerer, endless: ReasonType | undefined) {
    this.#answer = answer
    this.#endless = endless
    const { acknowledged: _nobodyIsTold, ...observed } = start
    this.#cluster = new VirtualCluster(observed)
    this.#wasSeen = start.notebook?.observedGeneration === start.app.generation
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

  /**
   * A server that says what was written means that it is another template: the worst case. Not so where a controller has
   * looked at the object as it stands: another template would have its workload.
   */
  #readBack({ written, object }: NonNullable<Decision['readBack']>): void {
    const { template } = (object as unknown as { spec: { template: App['template'] } }).spec
    const cluster = this.#cluster
    const known = this.#wasSeen ? alikeOf(cluster.observe(), template) : undefined
    cluster.readBacks.push({ written, template: known?.template ?? template })
  }

  /** Nothing more happens now: time goes to the next alarm, or somebody gives the word that is waited for. */
  #quiet(decision: Decision): void {
    const { reason, wakeAt } = decision
    const verb = wordFor(this.#cluster.app, decision)
    if (verb !== undefined && this.#words < mostWords) return this.#word(decision, verb)
    if (reason.type === this.#endless) {
      const { type, message } = reason
      this.#add({ kind: 'wait', type, message, durationMs: undefined })
      return this.#settle()
    }
    if (wakeAt === undefined || wakeAt - this.#start > mostMs) return this.#settle()
    const until = Math.max(wakeAt, this.#now + 1)
    if (!isRest(decision)) this.#wait(reason, until - this.#now)
    this.#now = until
  }

  #settle(): void {
    this.done = true
    this.#settled = true
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
    const standing = (kind: Trial['stage']['kind']): Trial | undefined =>
      notebook.trials.find(({ stage }) => stage.kind === kind)
    const trial = standing('steps') ?? standing('verifying')
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
function wordFor(app: App, { reason, notebook }: Decision): 'promote' | 'resume' | undefined {
  if (reason.type === 'WaitingForApproval') return 'promote'
  if (reason.type === 'WaitingForGate') {
    const waits = notebook.trials.some((trial) => awaitsApproval(app, trial, notebook))
    return waits ? 'promote' : undefined
  }
  return reason.type === 'Paused' ? 'resume' : undefined
}

function isRest({ notebook }: Decision): boolean {
  return notebook.trials.length === 0 && notebook.reason.type === 'Serving'
}
