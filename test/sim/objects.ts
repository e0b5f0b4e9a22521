/** What people write for a story: routing objects, Services, the Deployment that is taken over, and the Release last. */
import type { Release, ReleaseSpec } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { labels } from '#core/render/names.ts'
import { release, template } from '#test/gen/release.ts'
import { candidateRoles, type Topology, topologies } from '#test/scenarios/combinations.ts'
import { routeCases } from '#test/scenarios/routes.ts'
import { secretToken } from './invariants/s12.ts'
import { takenOver } from './stories/register.ts'
import type { Setting } from './stories/story.ts'
import type { Kinded } from './truth.ts'

/** Per cent of errors that are still good. */
export const mostErrors = 5
/** Of the gateway, by the release's own word. */
const settle = '200ms'

export const isByRole = ({ topology }: Pick<Setting, 'topology'>): boolean =>
  topology.includes('by role')
export const isTakenOver = ({ topology }: Pick<Setting, 'topology'>): boolean =>
  topology === takenOver

/** Whether a kind is one that sends traffic somewhere. */
export const isRoute = (kind: string): boolean =>
  ['HTTPRoute', 'GRPCRoute', 'Ingress', 'VirtualService'].includes(kind)

/** Whether a routing object splits the traffic. */
export const hasRoute = ({ router }: Pick<Setting, 'router'>): boolean =>
  router !== 'service' && router !== 'none'

export const roleOf = ({ strategy }: Setting): string | undefined => candidateRoles[strategy]

/** The kind that runs pods. */
export function workloadKind({ topology }: Setting): string {
  return isTakenOver({ topology }) ? 'ReplicaSet' : topologies[topology as Topology].kind
}

export function objectsOf(setting: Setting): readonly Kinded[] {
  const own = ['stable', roleOf(setting) ?? []].flat()
  const services = setting.ownServices || isTakenOver(setting) ? own : []
  return [
    ...routes(setting),
    ...services.map(
      (role): Kinded => [kinds.service, service(role, isByRole(setting) && !setting.wideServices)],
    ),
    ...(isTakenOver(setting) ? [[kinds.deployment, deployment(setting)] as const] : []),
    [kinds.release, releaseOf(setting)],
  ]
}

/** The routes of the scenarios, with the candidate's own Service, or without any. */
function routes(setting: Setting): readonly Kinded[] {
  const role = roleOf(setting)
  // Candidates that join later find their place when they come.
  const isAlone = role === undefined || setting.strategy === 'commanded'
  const given = routeCases[setting.router]?.objects('shop') ?? []
  return given.map(([kind, object]) => {
    const text = JSON.stringify(isAlone ? withoutCandidate(object) : object)
    return [kind, JSON.parse(text.replaceAll('shop-canary', `shop-${role}`)) as KubeObject]
  })
}

function withoutCandidate(object: KubeObject): unknown {
  const strip = (value: unknown): unknown => {
    if (Array.isArray(value))
      return value.filter((item) => !isOfCandidate(item)).map((item) => strip(item))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, strip(item)]))
  }
  return strip(object)
}

function isOfCandidate(item: unknown): boolean {
  const { name, destination } = (item ?? {}) as { name?: string; destination?: { host?: string } }
  return (name ?? destination?.host) === 'shop-canary'
}

function releaseOf(setting: Setting): KubeObject {
  const { analysis, router, replicas, form } = setting
  const role = roleOf(setting)
  const reference = isTakenOver(setting)
  const given = release({
    replicas,
    template: templateOf(setting.images[0] ?? ''),
    workloads: reference ? { kind: 'ReplicaSet' } : topologies[setting.topology as Topology],
    traffic: hasRoute(setting) ? { router, route: 'shop', settle } : { router },
    services: {
      stable: 'shop-stable',
      ...(role === undefined ? {} : { candidates: { [role]: `shop-${role}` } }),
    },
    strategy: form,
    progressDeadline: '60s',
    ...(analysis === undefined ? {} : { analysis: analysisOf(analysis) }),
  })
  const { name } = given.metadata
  const { template: _template, selector: _selector, ...rest } = given.spec
  const spec = reference ? { ...rest, workloadRef: { name: 'shop' } } : given.spec
  return { ...given, metadata: { name, namespace: 'default' }, spec } as Release
}

function deployment({ replicas, images }: Setting): KubeObject {
  const spec = {
    replicas,
    selector: { matchLabels: { app: 'shop' } },
    template: templateOf(images[0] ?? ''),
  }
  const metadata = { name: 'shop', namespace: 'default' }
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec } as KubeObject
}

/** The pod template of an image, with a value that must not be told on. */
export function templateOf(image: string): ReleaseSpec['template'] {
  const { metadata, spec } = template(image)
  const [container] = spec.containers
  const env = [{ name: 'TOKEN', value: secretToken }]
  return {
    ...(metadata === undefined ? {} : { metadata }),
    spec: { containers: [{ ...container, env } as never] },
  }
}

/** Where workloads belong to roles, Services have to tell their pods apart. */
function service(role: string, isApart: boolean): KubeObject {
  const selector = { app: 'shop', ...(isApart ? { [labels.role]: role } : {}) }
  const spec = { selector, ports: [{ port: 80, targetPort: 8080 }] }
  const metadata = { name: `shop-${role}`, namespace: 'default' }
  return { apiVersion: 'v1', kind: 'Service', metadata, spec } as KubeObject
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
