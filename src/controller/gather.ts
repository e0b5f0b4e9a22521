/** From the caches to the one snapshot that a pass may look at. No request leaves from here. */
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Service } from '#core/k8s/workloads.ts'
import { type App, withPlacesOf } from '#core/model/app.ts'
import type { Notebook } from '#core/model/notebook.ts'
import { stable } from '#core/model/weights.ts'
import type { MemberSeen, Observed, PodSeen, ServiceSeen, WorkloadSeen } from '#core/observed.ts'
import { workloadName, workloadOfPod } from '#core/render/names.ts'
import type { Caches } from './caches.ts'
import type { Claims } from './claims.ts'
import type { EndpointHeld, ServiceHeld, WorkloadHeld } from './held.ts'
import type { Index } from './indexes.ts'
import { refsOf } from './route-caches.ts'
import type { KeyState } from './state.ts'

type Listed = readonly (readonly [service: string, endpoints: readonly EndpointHeld[]])[]

export type Sources = { readonly caches: Caches; readonly claims: Claims; readonly index: Index }

export function gather(
  { caches, claims, index }: Sources,
  key: string,
  given: App,
  notebook: Notebook | undefined,
  state: KeyState,
): Observed {
  const app = caches.routes.versioned(withPlacesOf(given, notebook))
  const workloads = workloadsOf(index, app)
  const listed = listedBy(index, app)
  return {
    app,
    notebook,
    memo: state.memo,
    workloads,
    services: servicesOf(caches, app),
    endpoints: endpointsOf(listed, workloads),
    listings: listingsOf(listed),
    routes: routesOf(caches, app),
    ...absentIn(caches, app),
    rivals: claims.rivalsOf(key, app),
    ...(app.hosts === undefined ? {} : { sharers: claims.sharersOf(key, app) }),
    members: membersOf(index, app),
    remembered: [...state.remembered.values()],
    answers: state.answers,
    readBacks: [...state.readBacks.values()],
    replies: state.replies,
    pods: podsOf(listed, workloads),
    refusals: [...state.refusals.values()],
  }
}

function workloadsOf(index: Index, app: App): readonly WorkloadSeen[] {
  return index
    .workloads(app.namespace, app.name)
    .filter((held) => held.belongsTo(app.uid) || mayAdopt(app, held))
    .map((held) => held.seen())
    .sort((one, other) => (one.name < other.name ? -1 : 1))
}

/** Without an owner it may be one of ours whose owner was taken off: it has the name that only we would give it. */
function mayAdopt(app: App, { hasOwner, name, revision, written }: WorkloadHeld): boolean {
  if (hasOwner || revision === '' || written === '') return false
  const roles = [stable, ...app.plan.candidates.map(({ role }) => role)]
  return roles.some((role) => workloadName(app, role, revision) === name)
}

function membersOf(index: Index, app: App): readonly MemberSeen[] {
  if (app.workloads.layout.by === 'revision') return []
  return index
    .members(app.namespace, app.name)
    .filter(({ deleting }) => !deleting)
    .map((held) => held.seen())
    .sort((one, other) => (one.name < other.name ? -1 : 1))
}

function servicesOf(caches: Caches, app: App): Record<string, ServiceSeen> {
  const seen: Record<string, ServiceSeen> = {}
  for (const name of Object.values(app.services)) {
    const held = caches.services.get(`${app.namespace}/${name}`)
    if (held !== undefined) seen[name] = serviceSeen(held, app)
  }
  return seen
}

function serviceSeen(held: ServiceHeld, app: App): ServiceSeen {
  const { name, uid, resourceVersion } = held
  const { selector, ports, owner } = held.read()
  const ours = held.isOwnedBy(app.uid)
  const foreign = ours ? undefined : owner
  return { name, uid, resourceVersion, selector, ports, ours, foreign }
}

/** What each Service lists, read once a pass: slices are kept as short texts. */
function listedBy(index: Index, app: App): Listed {
  const names = [...new Set(Object.values(app.services))]
  return names.map((service) => [
    service,
    index.slices(app.namespace, service).flatMap((slice) => slice.endpoints()),
  ])
}

function endpointsOf(
  listed: Listed,
  workloads: readonly WorkloadSeen[],
): Record<string, Record<string, number>> {
  const names = workloads.map(({ name }) => name)
  const counted = listed.map(([service, endpoints]) => {
    const counts: Record<string, number> = {}
    for (const { pod, ready } of endpoints) {
      if (!ready) continue
      const workload = workloadOfPod(pod, names) ?? ''
      counts[workload] = (counts[workload] ?? 0) + 1
    }
    return [service, counts] as const
  })
  return Object.fromEntries(counted)
}

/** Who runs the ready pods that each Service lists: their names are its name and an ending of their own. */
function listingsOf(listed: Listed): Record<string, readonly string[]> {
  const owners = listed.map(([service, endpoints]) => {
    const ready = endpoints.filter((one) => one.ready)
    const names = ready.map(({ pod }) => pod.slice(0, Math.max(0, pod.lastIndexOf('-'))))
    return [service, [...new Set(names)]] as const
  })
  return Object.fromEntries(owners)
}

/** Pods that the app's Services list, by workload; one that several list is ready if any says so. */
function podsOf(
  listed: Listed,
  workloads: readonly WorkloadSeen[],
): Record<string, readonly PodSeen[]> {
  const names = workloads.map(({ name }) => name)
  const pods = new Map<string, PodSeen>()
  for (const { pod, ready, ip } of listed.flatMap(([, endpoints]) => endpoints)) {
    if (pod === '') continue
    pods.set(pod, { name: pod, ip, ready: ready || pods.get(pod)?.ready === true })
  }
  const sorted = [...pods.values()].sort((one, other) => (one.name < other.name ? -1 : 1))
  const found: Record<string, PodSeen[]> = {}
  for (const pod of sorted) {
    const workload = workloadOfPod(pod.name, names) ?? ''
    found[workload] = [...(found[workload] ?? []), pod]
  }
  return found
}

function routesOf(caches: Caches, app: App): Record<string, KubeObject> {
  const found: Record<string, KubeObject> = {}
  for (const ref of refsOf(app)) {
    const held =
      ref.kind === kinds.service.kind
        ? serviceAt(caches, `${ref.namespace}/${ref.name}`)
        : caches.routes.get(ref)?.read()
    if (held !== undefined) found[`${ref.kind}/${ref.name}`] = held
  }
  return found
}

function absentIn({ routes }: Caches, app: App): Pick<Observed, 'absent'> {
  const absent = routes.absent(app)
  return absent.length === 0 ? {} : { absent }
}

/** A Service as far as it is held. */
function serviceAt({ services }: Caches, key: string): Service | undefined {
  const held = services.get(key)
  if (held === undefined) return undefined
  const { name, namespace, uid, resourceVersion } = held
  return {
    apiVersion: 'v1',
    kind: kinds.service.kind,
    metadata: { name, namespace, uid, resourceVersion },
    spec: held.read(),
  }
}
