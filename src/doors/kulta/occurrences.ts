/** Occurrences of the FALSE Protocol: what happened to a Rollout, for tools that reason about it. */
import { fnv1a } from '#core/hash.ts'
import type { App } from '#core/model/app.ts'
import type { ReleaseEvent } from '#core/model/event.ts'
import { formatInstant, type Instant } from '#core/time.ts'
import { type Rollout, type StrategyName, strategyOf } from './rollout.ts'
import type { Transition } from './transitions.ts'

type Occurrence = {
  readonly protocol_version: '1.0'
  /** A ULID: sorted by time, the same for the same transition. */
  readonly id: string
  readonly timestamp: string
  readonly source: 'kulta'
  readonly type: string
  readonly severity: 'debug' | 'info' | 'warning' | 'error' | 'critical'
  readonly outcome: 'success' | 'failure' | 'timeout' | 'in_progress' | 'unknown'
  readonly context: object
  readonly error?: object
  readonly data: object
  readonly entities: readonly object[]
}

const words: Readonly<Record<StrategyName, string>> = {
  canary: 'canary',
  'blue-green': 'bluegreen',
  'ab-testing': 'abtesting',
  simple: 'rolling',
}

/** The first word of an occurrence's type. */
export function prefixOf({ spec }: Rollout): string {
  return words[strategyOf(spec)]
}

export function occurrence(
  event: ReleaseEvent,
  { phase, step }: Transition,
  { rollout, app }: { readonly rollout: Rollout; readonly app: App },
  cluster: string | undefined,
): Occurrence {
  const timestamp = formatInstant(event.at)
  const entities = entitiesOf(app, timestamp)
  return {
    protocol_version: '1.0',
    id: ulid(event.at, `${event.id} ${phase}`),
    timestamp,
    source: 'kulta',
    type: `${prefixOf(rollout)}.rollout.${suffixOf(phase)}`,
    severity: phase === 'Failed' ? 'error' : phase === 'Paused' ? 'warning' : 'info',
    outcome: outcomeOf(phase),
    context: contextOf(app, cluster, entities),
    ...(phase === 'Failed' ? { error: errorOf(event) } : {}),
    data: {
      rollout: {
        name: app.name,
        namespace: app.namespace,
        strategy: strategyOf(rollout.spec),
        replicas: app.replicas,
        current_weight: phase === 'Failed' ? 0 : (step?.traffic_weight ?? 0),
        phase,
      },
    },
    entities,
  }
}

function suffixOf(phase: Transition['phase']): string {
  if (phase === 'Paused' || phase === 'Failed') return phase.toLowerCase()
  return phase === 'Completed' || phase === 'Concluded' ? 'completed' : 'progressing'
}

function outcomeOf(phase: Transition['phase']): Occurrence['outcome'] {
  if (phase === 'Failed') return 'failure'
  return phase === 'Completed' || phase === 'Concluded' ? 'success' : 'in_progress'
}

export function contextOf(
  { name, namespace }: App,
  cluster: string | undefined,
  entities: readonly object[],
): object {
  return {
    ...(cluster === undefined ? {} : { cluster }),
    namespace,
    correlation_keys: [
      { type: 'deployment', value: name },
      { type: 'namespace', value: namespace },
    ],
    entities,
  }
}

export function entitiesOf(
  { name, namespace, uid, resourceVersion }: App,
  observed: string,
): readonly object[] {
  return [
    {
      type: 'rollout',
      id: uid,
      name,
      version: resourceVersion,
      observed_at: observed,
      namespace,
      source_of_truth: 'k8s-api',
    },
  ]
}

function errorOf({ message, reason }: ReleaseEvent): object {
  const measured = reason === 'AnalysisFailed' || reason === 'MetricsMissing'
  const late = reason === 'ProgressDeadlineExceeded'
  return {
    code: 'ROLLOUT_FAILED',
    what_failed: message,
    message,
    why_it_matters: 'the new version is not released; all traffic is at the version before',
    possible_causes: measured
      ? ['the new version fails or is slow', 'a threshold is too strict']
      : late
        ? ['pods do not become ready', 'the gateway does not accept the route']
        : ['somebody aborted it'],
    suggested_fix: 'mend the template, or annotate kulta.io/retry=true to try the same again',
  }
}

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Ten characters of milliseconds, sixteen that follow from a text. */
export function ulid(at: Instant, text: string): string {
  const encode = (value: bigint, length: number): string =>
    Array.from({ length }, (_, index) => {
      const shift = BigInt(5 * (length - 1 - index))
      return crockford[Number((value >> shift) & 31n)] ?? '0'
    }).join('')
  const chance = BigInt(`0x${fnv1a(text)}${fnv1a(`${text} again`)}`) & ((1n << 80n) - 1n)
  return encode(BigInt(Math.max(0, Math.floor(at))), 10) + encode(chance, 16)
}
