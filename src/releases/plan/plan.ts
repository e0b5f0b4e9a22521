/** What applying a manifest would do, as values: the engine's own forecast, with what would be refused. */
import type { FieldChange } from '#core/forecast/difference.ts'
import type { Forecast, Moment } from '#core/forecast/forecast.ts'
import { leftOutOf } from '#core/left-out.ts'
import type { App } from '#core/model/app.ts'
import type { Observed } from '#core/observed.ts'

export type Plan = {
  readonly door: string
  readonly namespace: string
  readonly name: string
  /** `unchanged`: nothing would happen, and nothing would be written down. `refused`: something stands in the way; see `refused`. */
  readonly verdict: 'planned' | 'unchanged' | 'refused'
  readonly strategy?: string
  readonly steps: readonly PlanStep[]
  readonly gates: readonly PlanGate[]
  /** Pauses, analyses and settling; not the time in which pods start, nor open waits. */
  readonly expectedMs: number
  /** How many waits only somebody's word ends. */
  readonly openWaits: number
  readonly refused: readonly Refused[]
  /** What was not known and is taken to be so. */
  readonly assumed: readonly string[]
  /** What the router cannot do, so that the release goes on without it. */
  readonly leftOut: readonly string[]
  readonly end?: { readonly phase: string; readonly reason: string; readonly message: string }
}

export type Refused = { readonly what: string; readonly message: string }

export type PlanStep = { readonly afterMs: number } & (
  | {
      readonly kind: 'write'
      readonly verb: 'create' | 'patch' | 'delete'
      readonly object: string
      readonly changes: readonly FieldChange[]
    }
  | { readonly kind: 'transition'; readonly action: string; readonly message: string }
  | {
      readonly kind: 'wait'
      readonly reason: string
      readonly message: string
      readonly durationMs: number | 'open'
    }
)

/** What has to be passed on the way, in the order in which it is met. */
export type PlanGate = {
  readonly afterMs: number
  readonly kind: 'pause' | 'approval' | 'analysis' | 'gate'
  readonly message: string
  readonly durationMs: number | 'open'
}

type Named = Pick<Plan, 'door' | 'namespace' | 'name'>

export function refusedPlan(named: Named, refused: readonly Refused[]): Plan {
  const nothing = { steps: [], gates: [], expectedMs: 0, openWaits: 0, assumed: [], leftOut: [] }
  return { ...named, verdict: 'refused', ...nothing, refused }
}

export type Seen = {
  readonly app: App
  readonly start: Observed
  readonly forecast: Forecast
  readonly refused: readonly Refused[]
  readonly assumed: readonly string[]
}

export function planOf({ app, start, forecast, refused, assumed }: Seen): Plan {
  const { moments, durationMs, end } = forecast
  const steps = moments.map(stepOf)
  const all = [...refused, ...inTheWay(start, forecast)]
  const { type, message } = end.reason
  // What was turned back is forgotten, and stable asked for again, without anything that moves.
  const isStill = steps.length === 0 && end.phase === start.notebook?.phase
  return {
    door: app.door,
    namespace: app.namespace,
    name: app.name,
    verdict: all.length > 0 ? 'refused' : isStill ? 'unchanged' : 'planned',
    strategy: app.plan.strategy,
    steps,
    gates: moments.flatMap(gateOf),
    expectedMs: durationMs,
    openWaits: moments.filter((one) => one.kind === 'wait' && one.durationMs === undefined).length,
    refused: all,
    assumed,
    leftOut: leftOutOf(app),
    end: { phase: end.phase, reason: type, message },
  }
}

function stepOf(moment: Moment): PlanStep {
  const { afterMs } = moment
  switch (moment.kind) {
    case 'write': {
      const { verb, kind, name, changes } = moment.write
      return { afterMs, kind: 'write', verb, object: `${kind} ${name}`, changes }
    }
    case 'transition': {
      const { action, message } = moment.event
      return { afterMs, kind: 'transition', action, message }
    }
    case 'wait': {
      const { type: reason, message, durationMs = 'open' } = moment
      return { afterMs, kind: 'wait', reason, message, durationMs }
    }
  }
}

const gateKinds: Readonly<Record<string, PlanGate['kind']>> = {
  WaitingForPause: 'pause',
  WaitingForApproval: 'approval',
  Paused: 'approval',
  WaitingForAnalysis: 'analysis',
  WaitingForMetrics: 'analysis',
  WaitingForGate: 'gate',
}

function gateOf(moment: Moment): readonly PlanGate[] {
  if (moment.kind !== 'wait') return []
  const kind = gateKinds[moment.type]
  if (kind === undefined) return []
  const { afterMs, message, durationMs = 'open' } = moment
  return [{ afterMs, kind, message, durationMs }]
}

/** A forecast in which all goes well and which does not arrive met something that only a change can mend. */
function inTheWay(start: Observed, { end, moments }: Forecast): readonly Refused[] {
  const { reason, phase, settled } = end
  const stuck = moments.find((one) => one.kind === 'wait' && isObstacle(one.type))
  if (stuck?.kind === 'wait') return [{ what: stuck.type, message: stuck.message }]
  const kept = start.notebook?.phase === 'Failed' && phase === 'Failed' && moments.length === 0
  if (kept) return []
  if (phase === 'Failed' || isObstacle(reason.type))
    return [{ what: reason.type, message: reason.message }]
  if (settled) return []
  return [{ what: reason.type, message: `comes to no end: ${reason.message}` }]
}

const obstacles: readonly string[] = [
  'SpecInvalid',
  'RivalRelease',
  'RouteMissing',
  'RouteUnusable',
  'RouteRefused',
  'ServiceTaken',
  'ServiceTooWide',
  'WorkloadRefused',
  'WriteRefused',
]

/** Whether only a change can mend what a release waits for by this reason. */
export function isObstacle(type: string): boolean {
  return obstacles.includes(type)
}
