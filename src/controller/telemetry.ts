/** Our own metrics, as Prometheus reads them. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Decision } from '#core/decision.ts'
import { phases } from '#core/model/notebook.ts'

export type Telemetry = {
  readonly registry: Registry
  readonly pass: (seconds: number, result: 'success' | 'outdated' | 'error') => void
  readonly decided: (name: ReleaseName, decision: Decision) => void
  readonly forgotten: (name: ReleaseName) => void
  readonly write: (kind: string, result: 'success' | 'error') => void
  readonly queueDepth: (read: () => number) => void
  readonly leader: (leading: boolean) => void
}

export type ReleaseName = {
  readonly door: string
  readonly namespace: string
  readonly name: string
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
  const info = new Gauge({
    name: 'headgate_release_phase',
    help: '1 for the phase a release is in.',
    labelNames: ['door', 'namespace', 'release', 'phase'],
    registers,
  })
  const weight = new Gauge({
    name: 'headgate_release_weight',
    help: 'Weight by role, as confirmed by the route.',
    labelNames: ['door', 'namespace', 'release', 'role'],
    registers,
  })
  const step = new Gauge({
    name: 'headgate_release_step',
    help: 'Index of the present step of a release under way.',
    labelNames: ['door', 'namespace', 'release'],
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
  const shown = new Map<string, string>()

  const labelsOf = ({
    door,
    namespace,
    name,
  }: ReleaseName): Record<'door' | 'namespace' | 'release', string> => ({
    door,
    namespace,
    release: name,
  })
  return {
    registry,
    pass: (seconds, result) => {
      passes.inc({ result })
      duration.observe(seconds)
    },
    decided: (name, { notebook }) => {
      const own = labelsOf(name)
      const key = Object.values(own).join('/')
      // Most passes change nothing; building label sets for them would cost more than deciding.
      const sign = `${notebook.phase} ${notebook.trial?.step} ${notebook.roles.map(({ confirmed }) => confirmed)}`
      if (shown.get(key) === sign) return
      shown.set(key, sign)
      for (const phase of phases) {
        if (phase === notebook.phase) info.set({ ...own, phase }, 1)
        else info.remove({ ...own, phase })
      }
      for (const role of notebook.roles) weight.set({ ...own, role: role.role }, role.confirmed)
      if (notebook.trial === undefined) step.remove(own)
      else step.set(own, notebook.trial.step)
    },
    forgotten: (name) => {
      const own = labelsOf(name)
      shown.delete(Object.values(own).join('/'))
      for (const phase of phases) info.remove({ ...own, phase })
      for (const role of ['stable', 'canary']) weight.remove({ ...own, role })
      step.remove(own)
    },
    write: (kind, result) => writes.inc({ kind, result }),
    queueDepth: (read) => {
      new Gauge({
        name: 'headgate_queue_depth',
        help: 'Releases that are due or have an alarm set.',
        registers,
        collect() {
          this.set(read())
        },
      })
    },
    leader: (leading) => leader.set(leading ? 1 : 0),
  }
}
