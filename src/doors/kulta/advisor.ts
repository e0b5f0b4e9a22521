/**
 * The advisor of a Rollout: asked at each transition what it would do. Its word is logged and told as an occurrence;
 * thresholds decide, not it.
 */
import type { ReleaseEvent } from '#core/model/event.ts'
import { formatInstant } from '#core/time.ts'
import type { DoorSink } from '../door.ts'
import { contextOf, entitiesOf, prefixOf, ulid } from './occurrences.ts'
import { readRollout } from './read.ts'
import { type Rollout, strategyOf } from './rollout.ts'
import type { RolloutStatus } from './status.ts'

const heard: readonly (string | undefined)[] = ['Advised', 'Planned', 'Driven']

type Ask = Extract<DoorSink, { kind: 'ask' }>

export function advisorSink(cluster: string | undefined): Ask {
  return {
    kind: 'ask',
    name: 'advisor',
    question: (object, _event) => {
      const rollout = object as Rollout
      const { level, endpoint, timeoutSeconds = 10 } = rollout.spec.advisor ?? {}
      if (!heard.includes(level) || endpoint === undefined || endpoint === '') return undefined
      return { url: endpoint, timeoutMs: timeoutSeconds * 1000, body: questionOf(rollout) }
    },
    answered: (object, event, text) => recommendation(object as Rollout, event, text, cluster),
  }
}

function questionOf({ metadata, spec, status }: Rollout): object {
  const {
    phase,
    currentStepIndex,
    currentWeight,
    decisions = [],
    headgate,
  } = (status ?? {}) as RolloutStatus
  const measured = headgate?.measurements ?? []
  return {
    rollout_name: metadata.name,
    namespace: metadata.namespace ?? 'default',
    strategy: strategyOf(spec),
    current_step: currentStepIndex ?? 0,
    current_weight: currentWeight ?? 0,
    metrics_healthy: measured.every(({ verdict }) => verdict !== 'failing'),
    phase: phase ?? 'Initializing',
    history: decisions.map(({ timestamp, action, reason, message }) => ({
      timestamp,
      action,
      reason,
      message,
    })),
  }
}

const actions: readonly unknown[] = ['Continue', 'Pause', 'Rollback', 'Advance']

/** Undefined for an answer that is none. */
function recommendation(
  rollout: Rollout,
  event: ReleaseEvent,
  text: string,
  cluster: string | undefined,
): { readonly told: string; readonly line: unknown } | undefined {
  const answer = parsed(text)
  const named =
    typeof answer['action'] === 'object' ? Object.keys(answer['action'] ?? {})[0] : answer['action']
  if (!actions.includes(named)) return undefined
  const read = readRollout(rollout, {})
  if (read.kind !== 'app') return undefined
  const { app } = read
  const timestamp = formatInstant(event.at)
  const { action, confidence, reasoning } = answer
  const entities = entitiesOf(app, timestamp)
  const line = {
    protocol_version: '1.0',
    id: ulid(event.at, `${event.id} advisor`),
    timestamp,
    source: 'kulta',
    type: `${prefixOf(rollout)}.advisor.recommendation`,
    severity: 'info',
    outcome: 'unknown',
    context: contextOf(app, cluster, entities),
    data: {
      rollout: { name: app.name, namespace: app.namespace },
      recommendation: { action, confidence, reasoning },
    },
    entities,
  }
  return {
    told: `the advisor says ${String(named)}: ${String(reasoning ?? 'no reason given')}`.slice(
      0,
      500,
    ),
    line,
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
