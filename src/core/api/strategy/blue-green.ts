/** `spec.strategy.blueGreen`: the new revision at full size beside the old, then all traffic at once. */
import type { Plan, Step } from '../../model/app.ts'
import { plainPromotion } from '../../model/app.ts'
import type { GateSpec } from '../../model/gate.ts'
import type { Notes } from '../notes.ts'
import { gateSchema, type ReleaseGate, readGate } from '../read-gate.ts'
import type { Release } from '../release.ts'
import { count, duration, list, name, object, rule, rules, text } from '../schema-parts.ts'
import type { StrategyForm } from './form.ts'

/** The role of a blue-green candidate. */
const previewRole = 'preview'

export type BlueGreenStrategy = {
  readonly previewHost?: string
  readonly previewReplicas?: number
  readonly autoPromoteAfter?: string
  readonly scaleDownDelay?: string
  readonly prePromotion?: Checks
  readonly postPromotion?: Checks
}

/** One of them at least. */
type Checks = { readonly analysis?: readonly string[]; readonly gates?: readonly ReleaseGate[] }

const checks = (when: string) =>
  object(
    {
      analysis: list(name('Name of a metric.'), {
        minItems: 1,
        maxItems: 16,
        description: `Metrics that must pass ${when}.`,
      }),
      gates: list(gateSchema, {
        minItems: 1,
        maxItems: 4,
        description: `Gates that must let it pass ${when}, all of them.`,
      }),
    },
    rules(rule('has(self.analysis) || has(self.gates)', 'write analysis, gates or both')),
  )

const path = 'spec.strategy.blueGreen'

export const blueGreenForm: StrategyForm<'blueGreen'> = {
  field: 'blueGreen',
  only: previewRole,
  schema: object({
    previewHost: text('Host under which the preview is reached before it is promoted.'),
    previewReplicas: count('Pods of the preview before its promotion; left out, all.', 1),
    autoPromoteAfter: duration('Promotes by itself after so long; left out, somebody promotes.'),
    scaleDownDelay: duration('The old pods stay for so long, as an instant way back.', {
      default: '30s',
    }),
    prePromotion: checks('before the promotion'),
    postPromotion: checks('after the promotion; a failure turns it back'),
  }),
  rules: [],
  roles: () => [previewRole],
  read: (given, release, notes): Plan => {
    checkMetrics(given, release, notes)
    const gates = gatesOf(given, 'postPromotion', release, notes)
    return {
      strategy: 'blueGreen',
      candidates: [
        {
          role: previewRole,
          own: undefined,
          steps: stepsOf(given, release, notes),
          command: undefined,
        },
      ],
      promotion: {
        ...plainPromotion,
        how: 'switch',
        verify: given.postPromotion?.analysis ?? [],
        ...(gates.length === 0 ? {} : { gates }),
        scaleDownDelayMs: notes.duration(`${path}.scaleDownDelay`, given.scaleDownDelay, 30_000),
        previewHost: given.previewHost,
      },
    }
  },
}

function stepsOf(given: BlueGreenStrategy, release: Release, notes: Notes): readonly Step[] {
  const { spec } = release
  const wait = given.autoPromoteAfter
  const durationMs =
    wait === undefined ? undefined : notes.duration(`${path}.autoPromoteAfter`, wait, 0)
  const before = given.prePromotion?.analysis
  const pods = Math.min(given.previewReplicas ?? Infinity, spec.replicas ?? 1)
  const gates = gatesOf(given, 'prePromotion', release, notes)
  // Who approves has said that it may be promoted.
  const isApproved = gates.some(({ kind }) => kind === 'approval') && durationMs === undefined
  return [
    { kind: 'replicas', replicas: pods },
    ...(before === undefined ? [] : [{ kind: 'analysis', metrics: before } as const]),
    ...(gates.length === 0 ? [] : [{ kind: 'gate', gates } as const]),
    ...(isApproved ? [] : [{ kind: 'pause', durationMs } as const]),
  ]
}

function gatesOf(
  given: BlueGreenStrategy,
  part: 'prePromotion' | 'postPromotion',
  { spec }: Release,
  notes: Notes,
): readonly GateSpec[] {
  const at = `${path}.${part}.gates`
  const gates = (given[part]?.gates ?? []).map((gate, index) =>
    readGate(gate, spec.template, { path: `${at}[${index}]`, notes }),
  )
  const names = gates.map((gate) => gate.name)
  const twice = names.find((one, index) => names.indexOf(one) !== index)
  if (twice !== undefined) notes.add(at, `two gates are called ${twice}; give each a name`)
  return gates
}

function checkMetrics(given: BlueGreenStrategy, { spec }: Release, notes: Notes): void {
  const known = new Set(spec.analysis?.metrics.map((metric) => metric.name))
  for (const part of ['prePromotion', 'postPromotion'] as const) {
    for (const metric of given[part]?.analysis ?? []) {
      if (!known.has(metric))
        notes.add(
          `${path}.${part}.analysis`,
          `names ${metric}, which spec.analysis.metrics does not define`,
        )
    }
  }
}
