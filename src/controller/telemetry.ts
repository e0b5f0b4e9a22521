/** Our own metrics, as Prometheus reads them. */
import { Counter, Gauge, type GaugeConfiguration, Histogram, Registry } from 'prom-client'
import type { Decision } from '#core/decision.ts'
import type { Notebook } from '#core/model/notebook.ts'
import { type Face, type ReleaseName, shownReleases } from './shown.ts'

export type Telemetry = {
  readonly registry: Registry
  readonly pass: (seconds: number, result: 'success' | 'outdated' | 'error') => void
  readonly decided: (name: ReleaseName, decision: Pick<Decision, 'notebook'>) => void
  readonly forgotten: (name: ReleaseName) => void
  readonly write: (kind: string, result: 'success' | 'error') => void
  /** What became of telling an event to a sink. */
  readonly told: (sink: string, result: 'delivered' | 'refused' | 'gone' | 'retried') => void
  /** From now on, how many messages wait for a sink is read here. */
  readonly toldDepth: (sink: string, read: () => number) => void
  /** Events given up because too many of a release were pending. */
  readonly dropped: (events: number) => void
  /** From now on, the depth of the queue is read here. */
  readonly queueDepth: (read: () => number) => void
  readonly leader: (leading: boolean) => void
}

export function telemetry(version: string): Telemetry {
  const registry = new Registry()
  const registers = [registry]
  const passes = new Counter({
    name: 'headgate_passes_total',
    help: 'Passes over releases, by how they ended.',
    labelNames: ['result'],
    registers,
  })
  const duration = new Histogram({
    name: 'headgate_pass_duration_seconds',
    help: 'Time of a pass with its writes.',
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    registers,
  })
  const writes = new Counter({
    name: 'headgate_writes_total',
    help: 'Writes to the API server.',
    labelNames: ['kind', 'result'],
    registers,
  })
  const leader = new Gauge({
    name: 'headgate_leader',
    help: '1 while this process leads.',
    registers,
  })
  const build = new Gauge({
    name: 'headgate_build_info',
    help: 'The version that runs.',
    labelNames: ['version'],
    registers,
  })
  build.set({ version }, 1)
  let depth = (): number => 0
  new Gauge({
    name: 'headgate_queue_depth',
    help: 'Releases that are due or have an alarm set.',
    registers,
    collect() {
      this.set(depth())
    },
  })
  const events = eventMetrics(registers)
  const shown = shownReleases()
  releaseGauges(registers, shown.each)
  return {
    registry,
    pass: (seconds, result) => {
      passes.inc({ result })
      duration.observe(seconds)
    },
    decided: (name, { notebook }) => shown.show(name, faceOf(notebook)),
    forgotten: (name) => shown.forget(name),
    write: (kind, result) => writes.inc({ kind, result }),
    ...events,
    queueDepth: (read) => {
      depth = read
    },
    leader: (leading) => leader.set(leading ? 1 : 0),
  }
}

function eventMetrics(registers: Registry[]): Pick<Telemetry, 'told' | 'toldDepth' | 'dropped'> {
  const told = new Counter({
    name: 'headgate_events_total',
    help: 'Attempts to tell an event to a sink, by how they ended.',
    labelNames: ['sink', 'result'],
    registers,
  })
  const dropped = new Counter({
    name: 'headgate_events_dropped_total',
    help: 'Events given up because too many of one release were pending.',
    registers,
  })
  const depths = new Map<string, () => number>()
  new Gauge({
    name: 'headgate_events_waiting',
    help: 'Messages that wait for a sink, in this process.',
    labelNames: ['sink'],
    registers,
    collect() {
      for (const [sink, read] of depths) this.set({ sink }, read())
    },
  })
  return {
    told: (sink, result) => told.inc({ sink, result }),
    dropped: (events) => dropped.inc(events),
    toldDepth: (sink, read) => depths.set(sink, read),
  }
}

function faceOf({ phase, trials, roles }: Notebook): Face {
  const weights = roles.map(({ role, confirmed }) => [role, confirmed] as const)
  return { phase, step: trials[0]?.step, weights }
}

/** A gauge whose series exist only while they are read: kept, they would be a third of what a release takes. */
class MomentaryGauge<T extends string> extends Gauge<T> {
  override async get(): ReturnType<Gauge<T>['get']> {
    const answer = await super.get()
    this.reset()
    return answer
  }
}

type Each = (tell: (name: ReleaseName, face: Face) => void) => void

function releaseGauges(registers: Registry[], each: Each): void {
  const gauge = <T extends string>(
    given: Pick<GaugeConfiguration<T>, 'name' | 'help'>,
    more: readonly T[],
    tell: (face: Face, set: (more: Record<T, string>, value: number) => void) => void,
  ): void => {
    const labelNames = ['door', 'namespace', 'release', ...more] as const
    new MomentaryGauge({
      ...given,
      labelNames,
      registers,
      collect() {
        each(({ door, namespace, name: release }, face) =>
          tell(face, (own, value) => this.set({ door, namespace, release, ...own }, value)),
        )
      },
    })
  }
  gauge(
    { name: 'headgate_release_phase', help: '1 for the phase a release is in.' },
    ['phase'],
    ({ phase }, set) => set({ phase }, 1),
  )
  gauge(
    { name: 'headgate_release_weight', help: 'Weight by role, as confirmed by the route.' },
    ['role'],
    ({ weights }, set) => {
      for (const [role, weight] of weights) set({ role }, weight)
    },
  )
  gauge(
    {
      name: 'headgate_release_step',
      help: 'Index of the present step of a release under way.',
    },
    [],
    ({ step }, set) => {
      if (step !== undefined) set({}, step)
    },
  )
}
