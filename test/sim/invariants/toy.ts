/** A release in miniature, to break laws on: 100/0, with one ready pod of the candidate behind its Service. */
import type { KubeObject } from '#core/k8s/meta.ts'
import { finalizer, labels } from '#core/render/names.ts'
import { httpRoute, release, template } from '#test/gen/release.ts'
import type { Setting } from '../stories/story.ts'
import { type Cause, changed, nothing, type ShelfName, type Truth, type Write } from '../truth.ts'
import type { Scene } from './invariant.ts'
import { invariants } from './register.ts'

export const setting: Setting = {
  strategy: 'canary',
  router: 'gateway-api',
  topology: 'ReplicaSets by revision',
  replicas: 4,
  form: { canary: { steps: [{ weight: 25 }, { pause: '10s' }, { pause: {} }] } },
  analysis: undefined,
  images: ['shop:v1', 'shop:v2', 'shop:v3'],
  ownServices: false,
  wideServices: false,
}

export const scene: Scene = {
  plan: {
    seed: 0,
    setting,
    instances: 1,
    latencyMs: 0,
    strikes: [],
    deeds: [],
    isBad: false,
    farewell: false,
  },
  setting,
  given: new Map(),
  struck: [],
  acceptedAt: () => 0,
  notes: new Map(),
  splitSince: () => 0,
  podOf: (name) => {
    const [, revision = ''] = name.split('-')
    return { revision, workload: `shop-${revision}` }
  },
  lastOwn: () => 1050,
  wasGood: () => false,
  stampedBy: () => 'A#1',
  lostLeaseAt: () => 500,
}

export const cause: Cause = {
  actor: 'A#1',
  ours: true,
  method: 'PATCH',
  path: '',
  body: '',
  issuedAt: 1000,
  told: [],
}

type Loose = Record<string, unknown>

const began = Date.UTC(2026, 10, 21)
export const instant = (ms: number): string => new Date(began + ms).toISOString()

export function status(more: Loose = {}): Loose {
  return { phase: 'Progressing', stable: { revision: 'r1' }, trials: [trial()], ...more }
}

export function trial(more: Loose = {}): Loose {
  return {
    candidate: 'canary',
    revision: 'r2',
    startedAt: instant(0),
    stage: 'steps',
    step: 0,
    stepStartedAt: instant(0),
    ...more,
  }
}

export const shop = (given: Loose = status(), more: Loose = {}): KubeObject =>
  ({
    ...release({ strategy: setting.form }),
    status: given,
    ...more,
  }) as unknown as KubeObject

export function replicaSet(revision: string, replicas: number, ready = replicas): KubeObject {
  const owner = { apiVersion: 'headgate.dev/v1alpha1', kind: 'Release', name: 'shop' }
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `shop-${revision}`,
      namespace: 'default',
      labels: { [labels.revision]: revision, [labels.release]: 'shop' },
      ownerReferences: [{ ...owner, uid: 'release-uid', controller: true }],
      finalizers: [finalizer, 'example.com/theirs'],
    },
    spec: { replicas, selector: {}, template: template('shop:v1') },
    status: { readyReplicas: ready },
  } as KubeObject
}

export const service = (role: string, revision: string): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `shop-${role}`, namespace: 'default' },
    spec: { selector: { [labels.revision]: revision } },
  }) as KubeObject

export function slice(role: string, revision: string, pods: number): KubeObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `slice-${role}`,
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': `shop-${role}` },
    },
    endpoints: Array.from({ length: pods }, (_, index) => ({
      targetRef: { name: `shop-${revision}-${index}` },
    })),
  } as KubeObject
}

const shelfOf: Readonly<Record<string, ShelfName>> = {
  Release: 'releases',
  ReplicaSet: 'workloads',
  Service: 'services',
  EndpointSlice: 'slices',
  HTTPRoute: 'routes',
  Ingress: 'routes',
  VirtualService: 'routes',
}

function world(...objects: readonly KubeObject[]): Truth {
  return objects.reduce(
    (truth, object) =>
      changed(truth, shelfOf[object.kind] ?? 'events', `default/${object.metadata.name}`, object),
    nothing,
  )
}

/** A release on its way: 100/0, with one ready pod of the candidate behind its Service. */
export const usual = world(
  shop(),
  replicaSet('r1', 4),
  replicaSet('r2', 1),
  service('stable', 'r1'),
  service('canary', 'r2'),
  slice('stable', 'r1', 4),
  slice('canary', 'r2', 1),
  httpRoute(100, 0),
)

export function writes(was: Truth, object: KubeObject | undefined, key?: string): Write {
  const kind = object?.kind ?? 'ReplicaSet'
  const shelf = shelfOf[kind] ?? 'events'
  const at = key ?? `default/${object?.metadata.name}`
  return {
    at: 1000,
    revision: 1100,
    shelf,
    key: at,
    type: object === undefined ? 'DELETED' : 'MODIFIED',
    before: was[shelf].get(at),
    after: object,
    was,
    is: changed(was, shelf, at, object),
    cause: { ...cause, told: [was] },
  }
}

export const put = (...objects: readonly KubeObject[]): Truth =>
  objects.reduce(
    (truth, object) =>
      changed(truth, shelfOf[object.kind] ?? 'events', `default/${object.metadata.name}`, object),
    usual,
  )

export function verdict(id: string, write: Write, more: Partial<Scene> = {}): string | undefined {
  return invariants.find((one) => one.id === id)?.write?.(write, { ...scene, ...more })
}
