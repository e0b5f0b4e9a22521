/** From the caches to the one snapshot that a pass may look at. No request leaves from here. */
import type { KubeObject } from '#core/k8s/meta.ts'
import type { App } from '#core/model/app.ts'
import type { Notebook } from '#core/model/notebook.ts'
import type { Observed, ServiceSeen, WorkloadSeen } from '#core/observed.ts'
import { workloadOfPod } from '#core/render/names.ts'
import { routers } from '#core/traffic/register.ts'
import type { Caches, ServiceHeld } from './caches.ts'
import type { Claims } from './claims.ts'
import type { Index } from './indexes.ts'
import type { KeyState } from './state.ts'

export type Sources = { readonly caches: Caches; readonly claims: Claims; readonly index: Index }

export function gather(
  { caches, claims, index }: Sources,
  key: string,
  app: App,
  notebook: Notebook | undefined,
  state: KeyState,
): Observed {
  return {
    app,
    notebook,
    memo: state.memo,
    workloads: workloadsOf(index, app),
    services: servicesOf(caches, app),
    endpoints: endpointsOf(index, app),
    routes: routesOf(caches, app),
    rivals: claims.rivalsOf(key, app),
    answers: state.answers,
    readBack: state.readBack,
    refusals: [...state.refusals.values()],
  }
}

function workloadsOf(index: Index, app: App): readonly WorkloadSeen[] {
  return index
    .workloads(app.namespace, app.name)
    .filter(({ ownerUid }) => ownerUid === app.uid)
    .map(({ seen }) => seen)
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

function serviceSeen({ metadata, spec, ownerUid, owner }: ServiceHeld, app: App): ServiceSeen {
  return {
    name: metadata.name,
    resourceVersion: metadata.resourceVersion ?? '',
    selector: spec.selector ?? {},
    ports: spec.ports ?? [],
    ours: ownerUid === app.uid,
    foreign: ownerUid === app.uid ? undefined : owner,
  }
}

function endpointsOf(index: Index, app: App): Record<string, Record<string, number>> {
  const found: Record<string, Record<string, number>> = {}
  for (const name of Object.values(app.services)) {
    const counts: Record<string, number> = {}
    for (const slice of index.slices(app.namespace, name)) {
      for (const { pod, ready } of slice.endpoints) {
        if (!ready) continue
        const workload = workloadOfPod(pod)
        counts[workload] = (counts[workload] ?? 0) + 1
      }
    }
    found[name] = counts
  }
  return found
}

function routesOf(caches: Caches, app: App): Record<string, KubeObject> {
  const found: Record<string, KubeObject> = {}
  for (const { kind, namespace, name } of routers[app.traffic.router]?.objects(app) ?? []) {
    const held = caches.of(kind)?.get(`${namespace}/${name}`) as KubeObject | undefined
    if (held !== undefined) found[`${kind}/${name}`] = held
  }
  return found
}
