/** A canary through an HTTPRoute, with a ReplicaSet for each revision. */
import type { Release } from '#core/api/release.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { labels } from '#core/render/names.ts'
import { httpRoute, release, template } from '#test/gen/release.ts'
import { secretToken } from '../invariants/s12.ts'
import type { Dice } from '../random.ts'
import { recordOf } from '../record.ts'
import type { Truth } from '../truth.ts'
import type { Backend, Setting, Story, Wish } from './story.ts'

type Step = {
  readonly weight?: number
  readonly replicas?: number
  readonly pause?: unknown
  readonly analysis?: readonly string[]
}

export const canary: Story = {
  name: 'canary',
  draw,
  objects,
  ask: (image) => ({ spec: { template: withSecret(image) } }),
  backends,
  selected: (truth, service) =>
    truth.services.get(`default/${service}`)?.spec.selector?.[labels.revision],
  declared,
  named: ({ steps }) => (steps as readonly Step[]).flatMap(({ weight }) => weight ?? []),
  podsFor: ({ steps }, replicas, weight, role) => {
    const byRule = Math.ceil((replicas * weight) / 100)
    if (role === 'stable') return byRule
    const asked = (steps as readonly Step[]).flatMap((step) => step.replicas ?? [])
    return Math.min(byRule, ...asked)
  },
}

/** Per cent of errors that are still good. */
export const mostErrors = 5

const settle = '200ms'

function draw(dice: Dice, { state: wish, isJudged }: Wish): Setting {
  const first = dice.pick([5, 20, 25, 50])
  const steps: Step[] = [{ weight: first, ...(dice.chance(0.2) ? { replicas: 1 } : {}) }]
  const bad = wish === 'failed' || (wish === 'retreating' && dice.chance(0.5))
  const analysis = bad || isJudged || wish === 'analysing' || dice.chance(0.4)
  if (wish === 'pausing' || dice.chance(0.4)) steps.push({ pause: `${dice.whole(2, 8)}s` })
  if (wish === 'approving' || dice.chance(0.15)) steps.push({ pause: {} })
  if (analysis && (wish === 'analysing' || dice.chance(0.5))) steps.push({ analysis: ['errors'] })
  if (dice.chance(0.5)) steps.push({ weight: dice.pick([50, 75, 100]) })
  if (dice.chance(0.2)) steps.push({ pause: '3s' })
  if (dice.chance(0.1)) steps.unshift({ weight: 0 })
  const v2 = bad ? 'shop:v2-error50' : 'shop:v2'
  return {
    story: 'canary',
    replicas: dice.pick([1, 2, 2, 3, 4]),
    steps,
    analysis: analysis
      ? {
          count: dice.whole(1, 2),
          failures: dice.whole(1, 2),
          policy: dice.pick(['hold', 'hold', 'continue', 'rollback']),
        }
      : undefined,
    images: ['shop:v1', v2, dice.pick(['shop:v3', 'shop:v3-neverready', 'shop:v3-error50'])],
    ownServices: dice.chance(0.2),
  }
}

function objects(setting: Setting): readonly KubeObject[] {
  const { analysis } = setting
  const given = release({
    replicas: setting.replicas,
    template: withSecret(setting.images[0] ?? ''),
    traffic: { route: 'shop', settle },
    strategy: { canary: { steps: setting.steps } },
    progressDeadline: '60s',
    ...(analysis === undefined ? {} : { analysis: analysisOf(analysis) }),
  })
  const { name, namespace } = given.metadata
  const own = setting.ownServices ? [service('shop-stable'), service('shop-canary')] : []
  return [httpRoute(), ...own, { ...given, metadata: { name, namespace: namespace ?? 'default' } }]
}

/** The pod template, with a value that must not be told on. */
function withSecret(image: string): Release['spec']['template'] {
  const { metadata, spec } = template(image)
  const [container] = spec.containers
  const env = [{ name: 'TOKEN', value: secretToken }]
  return {
    ...(metadata === undefined ? {} : { metadata }),
    spec: { containers: [{ ...container, env } as never] },
  }
}

function service(name: string): KubeObject {
  const spec = { selector: { app: 'shop' }, ports: [{ port: 80, targetPort: 8080 }] }
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec,
  } as KubeObject
}

function analysisOf({
  count,
  failures,
  policy,
}: NonNullable<Setting['analysis']>): NonNullable<Release['spec']['analysis']> {
  const metric = {
    name: 'errors',
    template: 'error-rate',
    max: mostErrors,
    interval: '3s',
    window: '10s',
    failures,
    count,
    onNoData: policy,
    onError: policy,
  }
  return {
    provider: { prometheus: { address: 'http://prometheus.monitoring.svc:9090' } },
    warmup: '3s',
    metrics: [metric],
  }
}

const roles: Readonly<Record<string, string>> = { 'shop-stable': 'stable', 'shop-canary': 'canary' }

function backends(truth: Truth): readonly Backend[] {
  const route = truth.routes.get('default/shop')
  const refs = (route?.spec.rules ?? []).flatMap(({ backendRefs = [] }) => backendRefs)
  const sum = refs.reduce((total, { weight = 1 }) => total + weight, 0)
  return refs.map(({ name, weight = 1 }) => ({
    role: roles[name] ?? name,
    service: name,
    weight: sum === 0 ? 0 : (100 * weight) / sum,
  }))
}

function declared(truth: Truth, { steps }: Setting, revision: string): number {
  const { stable, trials } = recordOf(truth.releases.get('default/shop'))
  const [trial] = trials
  if (stable === '' || stable === revision) return 100
  if (trial?.revision !== revision || trial.stage === 'retreating') return 0
  if (trial.stage === 'promoting') return 100
  const until = (steps as readonly Step[]).slice(0, trial.step + 1)
  return until.reduce((weight, step) => step.weight ?? weight, 0)
}
