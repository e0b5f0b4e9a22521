/** What a plan assumes where there is no cluster to look at: an installed release whose next revision is planned. */

import { decide } from '../decide.ts'

import type { KubeObject, ObjectRef } from '../k8s/meta.ts'
import type { PodTemplate, Workload } from '../k8s/workloads.ts'
import type { App } from '../model/app.ts'
import { emptyMemo } from '../model/notebook.ts'
import { stable } from '../model/weights.ts'
import type { Observed } from '../observed.ts'
import { writtenHash } from '../revision.ts'
import type { Instant } from '../time.ts'
import { routers } from '../traffic/register.ts'
import { VirtualCluster } from './cluster.ts'

/** Nothing there but these objects. */
export function emptyObserved(app: App, objects: readonly KubeObject[]): Observed {
  return {
    app,
    notebook: undefined,
    memo: emptyMemo,
    workloads: [],
    services: {},
    endpoints: {},
    routes: Object.fromEntries(
      objects.map((object) => [`${object.kind}/${object.metadata.name}`, object]),
    ),
    rivals: [],
    remembered: [],
    members: [],
    answers: [],
    replies: [],
    pods: {},
    readBacks: [],
    refusals: [],
  }
}

/** The routing object that people would have written, where they did not hand one in; undefined where none is needed. */
export function assumedRoute(app: App): KubeObject | undefined {
  const ref = routers[app.traffic.router]?.objects(app)[0]
  if (ref === undefined || ref.kind === 'Service' || isMade(app, ref)) return undefined
  const services = Object.entries(app.services)
  const backends = services.map(([role, name]) => ({
    name,
    role,
    weight: role === stable ? 100 : 0,
  }))
  const { apiVersion, kind, name } = ref
  const metadata = { name, namespace: app.namespace, generation: 1, uid: 'assumed' }
  const object = { apiVersion, kind, metadata, spec: specFor(kind, backends) }
  return object
}

/** Whether the release makes it itself. */
function isMade({ made }: App, { kind, name }: ObjectRef): boolean {
  const objects = made?.objects ?? []
  return objects.some((one) => one.kind === kind && one.metadata.name === name)
}

/** A Deployment that a manifest names and nobody can look at: what it runs is not known, only that it is there. */
export function assumedDeployment({ apiVersion, kind, name, namespace }: ObjectRef): Workload {
  const labels = { app: name }
  const ports = [{ containerPort: 8080 }]
  const spec = { containers: [{ name: 'app', image: assumedNextImage, ports }] }
  return {
    apiVersion,
    kind,
    metadata: { name, uid: 'assumed', ...(namespace === undefined ? {} : { namespace }) },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  }
}

type Backend = { readonly name: string; readonly role: string; readonly weight: number }

function specFor(kind: string, backends: readonly Backend[]): object {
  const [own] = backends.filter(({ role }) => role === stable)
  switch (kind) {
    case 'Ingress': {
      const backend = { service: { name: own?.name ?? '', port: { number: 80 } } }
      return { rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] }
    }
    case 'VirtualService': {
      const route = backends.map(({ name, weight }) => ({
        destination: { host: name, port: { number: 80 } },
        weight,
      }))
      return { hosts: [own?.name ?? ''], http: [{ route }] }
    }
    default: {
      const backendRefs = backends.map(({ name, weight }) => ({ name, port: 80, weight }))
      return { parentRefs: [{ name: 'gateway' }], rules: [{ backendRefs }] }
    }
  }
}

const mostPasses = 300

/** The release as it would be after another revision of it was installed, with the app's own still to come. */
export function installedBefore(start: Observed, now: Instant): Observed {
  const template = otherTemplate(start.app.template)
  // A name that its author gives is that of the next revision.
  const { revision: _revision, ...app } = start.app
  // How it came there does not matter; steps might wait for somebody.
  const plan = { ...app.plan, firstInstall: 'serve' as const }
  const before = { ...app, plan, template, written: writtenHash(template) }
  const cluster = new VirtualCluster({ ...start, app: before })
  let at = now
  for (let passes = 0; passes < mostPasses; passes += 1) {
    const decision = decide(cluster.observe(), at)
    cluster.memo = decision.memo
    const written = decision.writes.filter((write) => cluster.write(write)).length
    if (decision.write) cluster.notebook = decision.notebook
    cluster.follow()
    if (decision.notebook.phase === 'Completed' && decision.writes.length === 0 && !decision.write)
      break
    // Time goes on only when nothing else does.
    if (written === 0 && !decision.write) at = Math.max(at + 1, decision.wakeAt ?? at)
  }
  const { resourceVersion, finalizers } = cluster.app
  return { ...cluster.observe(), app: { ...start.app, resourceVersion, finalizers } }
}

/** The same with another image: what ran before is not known. */
function otherTemplate(template: PodTemplate): PodTemplate {
  const [first, ...others] = template.spec.containers
  if (first === undefined) return template
  const containers = [{ ...first, image: assumedImage }, ...others]
  return { ...template, spec: { ...template.spec, containers } }
}

/** Stands for the image that runs now, where nobody can know it. */
export const assumedImage = 'the-version-before'

/** Stands for the image that is asked for, where a Deployment says it that nobody can look at. */
export const assumedNextImage = 'the-next-version'
