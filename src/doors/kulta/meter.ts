/** KULTA's own metric names, so that its dashboards go on: beside the engine's, about Rollouts alone. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Meter } from '../door.ts'
import { type Rollout, strategyOf } from './rollout.ts'
import type { RolloutStatus } from './status.ts'

type Shown = {
  readonly namespace: string
  readonly rollout: string
  readonly phase: string
  readonly strategy: string
  readonly weight: number | undefined
}

const results = {
  success: 'success',
  error: 'error',
  outdated: 'skipped',
  standBy: 'skipped',
} as const

export function kultaMeter(registry: Registry): Meter {
  const registers = [registry]
  const shown = new Map<string, Shown>()
  const reconciliations = new Counter({
    name: 'kulta_reconciliations_total',
    help: 'Passes over Rollouts, by how they ended.',
    labelNames: ['result'],
    registers,
  })
  const duration = new Histogram({
    name: 'kulta_reconciliation_duration_seconds',
    help: 'Time of a pass over a Rollout with its writes.',
    labelNames: ['strategy'],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  })
  new Gauge({
    name: 'kulta_rollouts_active',
    help: 'Rollouts by phase and strategy.',
    labelNames: ['phase', 'strategy'],
    registers,
    collect() {
      this.reset()
      for (const { phase, strategy } of shown.values()) this.inc({ phase, strategy })
    },
  })
  new Gauge({
    name: 'kulta_traffic_weight',
    help: 'Per cent of traffic for the canary of a Rollout.',
    labelNames: ['namespace', 'rollout'],
    registers,
    collect() {
      this.reset()
      for (const { namespace, rollout, weight } of shown.values())
        if (weight !== undefined) this.set({ namespace, rollout }, weight)
    },
  })
  return {
    pass: (object, seconds, result) => {
      reconciliations.inc({ result: results[result] })
      const { spec, status, metadata } = object as Rollout
      const strategy = spec?.strategy === undefined ? 'canary' : strategyOf(spec)
      if (result !== 'standBy') duration.observe({ strategy }, seconds)
      const { phase = 'Initializing', currentWeight: weight } = (status ?? {}) as RolloutStatus
      const { namespace = 'default', name: rollout } = metadata
      shown.set(keyOf(object), { namespace, rollout, phase, strategy, weight })
    },
    forgotten: (key) => void shown.delete(key),
  }
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? 'default'}/${metadata.name}`
}
