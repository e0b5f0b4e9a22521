/**
 * Plain Services: nothing splits traffic but the pods that one Service selects. Blue-green turns its selector; a canary
 * gets the share that its number of pods gives it.
 */
import type { Container, PodTemplate, Service } from '../k8s/workloads.ts'
import { stable } from '../model/weights.ts'
import type { PodsBehind, RouteObjects, RouteReading, Router, RouterApp } from './router.ts'

export const plainService: Router = {
  name: 'service',
  capabilities: {
    by: 'pods',
    roles: 2,
    headerMatch: false,
    cookieMatch: false,
    previewHost: false,
    extras: [],
  },
  objects: (app) => [
    { apiVersion: 'v1', kind: 'Service', namespace: app.namespace, name: nameOf(app) },
  ],
  read,
  beside: () => [],
  renders: () => false,
  render: () => [],
  placed: (_app, object) => object,
  ports,
  companions: () => [],
  // The selector of a Service is given back where the others are.
  restore: () => [],
}

/** Decision 13: endpoints reach those who balance within about this time. */
const settleMs = 1000

function nameOf({ services }: RouterApp): string {
  return services[stable] ?? ''
}

function serviceOf(app: RouterApp, objects: RouteObjects): Service | undefined {
  return objects[`Service/${nameOf(app)}`] as Service | undefined
}

function read(app: RouterApp, objects: RouteObjects, pods: PodsBehind): RouteReading {
  const object = `Service ${nameOf(app)}`
  const service = serviceOf(app, objects)
  const total = Object.values(pods).reduce((sum, count) => sum + count, 0)
  const shares = Object.keys(app.services).map(
    (role) => [role, total === 0 ? 0 : (100 * (pods[role] ?? 0)) / total] as const,
  )
  const others = Object.entries(pods).filter(([role]) => app.services[role] === undefined)
  const weights = {
    ...Object.fromEntries(shares),
    ...Object.fromEntries(
      others.map(([role, count]) => [role, total === 0 ? 0 : (100 * count) / total]),
    ),
  }
  const token = JSON.stringify([service?.metadata.uid, service?.spec.selector, pods])
  return {
    kind: 'read',
    object,
    weights,
    uniform: true,
    // Whoever left the plan has a place as long as the Service lists pods of theirs.
    roles: Object.keys(app.services).filter(
      (role) =>
        role === stable ||
        (pods[role] ?? 0) > 0 ||
        app.plan.candidates.some((candidate) => candidate.role === role),
    ),
    matches: {},
    // A Service that does not exist yet is made by us; nothing has to be asked whether it is accepted.
    acceptance: { kind: 'accepted', token, settleMs },
  }
}

/** Its own ports where it exists; else those that the containers declare. */
function ports(app: RouterApp, objects: RouteObjects, service: string): readonly number[] {
  if (!Object.values(app.services).includes(service)) return []
  const own = serviceOf(app, objects)?.spec.ports?.map(({ port }) => port)
  return own ?? containerPorts(app.template)
}

function containerPorts({ spec }: PodTemplate): readonly number[] {
  const found = spec.containers.flatMap((container: Container) => container.ports ?? [])
  return [...new Set(found.map(({ containerPort }) => containerPort))]
}
