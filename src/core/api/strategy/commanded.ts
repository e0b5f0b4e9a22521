/**
 * `spec.strategy.commanded`: candidates whose weights somebody outside gives, word by word. They join and leave the list
 * independently; each word carries a version, so that words out of order do no harm.
 */
import type { PodTemplate } from '../../k8s/workloads.ts'
import { type Candidate, plainPromotion } from '../../model/app.ts'
import { writtenHash } from '../../revision.ts'
import type { Notes } from '../notes.ts'
import { count, duration, list, name, object, rule } from '../schema-parts.ts'
import { podTemplate } from '../schema-template.ts'
import type { StrategyForm } from './form.ts'

export type CommandedStrategy = {
  readonly candidates: readonly CommandedCandidate[]
  readonly scaleDownDelay?: string
}

const path = 'spec.strategy.commanded'

export type CommandedCandidate = {
  readonly name: string
  /** What it runs; the release's own template where it is left out. */
  readonly template?: PodTemplate
  /** The name that its revision gets; its hash where it is left out. */
  readonly revision?: string
  readonly version: number
  readonly weight: number
  readonly replicas?: number
  readonly promote?: boolean
}

const candidate = object(
  {
    name: name('How status calls it.'),
    template: podTemplate('What it runs; left out, the template of the release.'),
    revision: name('Name of its revision; left out, its hash.'),
    version: count('Grows with every word about this candidate.', 0, { format: 'int64' }),
    weight: count('Per cent of traffic.', 0, { maximum: 100 }),
    replicas: count('Pods, instead of as many as the weight needs.', 0),
    promote: { type: 'boolean', description: 'It becomes stable.' },
  },
  { required: ['name', 'version', 'weight'] },
)

export const commandedForm: StrategyForm<'commanded'> = {
  field: 'commanded',
  schema: object(
    {
      candidates: list(candidate, {
        maxItems: 16,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
      }),
      scaleDownDelay: duration('After a promotion the old pods stay for so long.', {
        default: '0s',
      }),
    },
    { required: ['candidates'] },
  ),
  rules: [
    rule(
      'has(self.strategy.commanded) ? self.strategy.commanded.candidates.map(c, c.weight).sum() <= 100 : true',
      'the weights of all candidates together must not be above 100',
    ),
  ],
  roles: ({ candidates }) => candidates.map((one) => one.name),
  read: ({ candidates, scaleDownDelay }, _release, notes) => {
    checkSum(candidates, notes)
    return {
      strategy: 'commanded',
      candidates: candidates.map(candidateOf),
      promotion: {
        ...plainPromotion,
        scaleDownDelayMs: notes.duration(`${path}.scaleDownDelay`, scaleDownDelay, 0),
      },
    }
  },
}

function candidateOf({ name: role, template, revision, ...given }: CommandedCandidate): Candidate {
  const { version, weight, replicas, promote = false } = given
  return {
    role,
    own:
      template === undefined
        ? undefined
        : {
            template,
            written: writtenHash(template, revision),
            ...(revision === undefined ? {} : { revision }),
          },
    steps: [],
    command: { version, weight, replicas, promote },
  }
}

function checkSum(candidates: readonly CommandedCandidate[], notes: Notes): void {
  const sum = candidates.reduce((total, { weight }) => total + weight, 0)
  if (sum > 100) {
    const message = `weights add up to ${sum}; together they must not be above 100`
    notes.add('spec.strategy.commanded.candidates', message)
  }
}
