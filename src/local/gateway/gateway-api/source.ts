/** The Gateway API: from GatewayClasses, Gateways, HTTPRoutes, GRPCRoutes and grants to entries and statuses. */
import type { GatewayClass, HttpRoute } from '#core/k8s/gateway-api.ts'
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject, Labels } from '#core/k8s/meta.ts'
import { contextOf } from '../certificates.ts'
import { keyOf } from '../objects.ts'
import type { Certificate, OpenSource, Reading, Surroundings } from '../source.ts'
import { type StatusWrite, writeStatus } from '../status-writer.ts'
import type { Entry } from '../table.ts'
import { type Attachment, attachments, type Gateways, schemeOf } from './attachment.ts'
import { classStatus, gatewayStatus } from './gateway-status.ts'
import { grantCheck, type IsGranted } from './grants.ts'
import { grpcRouteEntries } from './grpc-route.ts'
import { httpRouteEntries } from './http-route.ts'
import { routeParents } from './route-status.ts'
import {
  type AnyRoute,
  type GrpcRoute,
  grpcRouteKind,
  type ReferenceGrant,
  referenceGrantKind,
  type ServedGateway,
} from './wire.ts'

export const gatewayApi: OpenSource = (around) => {
  const { cluster } = around
  const caches = {
    classes: cluster.watch<GatewayClass>(kinds.gatewayClass),
    gateways: cluster.watch<ServedGateway>(kinds.gateway),
    httpRoutes: cluster.watch<HttpRoute>(kinds.httpRoute),
    grpcRoutes: cluster.watch<GrpcRoute>(grpcRouteKind),
    grants: cluster.watch<ReferenceGrant>(referenceGrantKind),
  }
  return {
    name: 'gateway-api',
    caches: Object.values(caches),
    read: (now) => {
      const classes = [...caches.classes.values()].filter(
        ({ spec }) => spec.controllerName === around.controllerName,
      )
      const names = new Set(classes.map(({ metadata }) => metadata.name))
      const gateways = [...caches.gateways.values()].filter(({ spec }) =>
        names.has(spec.gatewayClassName),
      )
      const isGranted = grantCheck(caches.grants.values())
      // Items of a list may come without their kind.
      const routes: readonly AnyRoute[] = [
        ...[...caches.httpRoutes.values()].map((route) => ({ ...route, kind: 'HTTPRoute' })),
        ...[...caches.grpcRoutes.values()].map((route) => ({ ...route, kind: 'GRPCRoute' })),
      ]
      return readAll(around, { classes, gateways, routes, isGranted, now })
    },
  }
}

type Found = {
  readonly classes: readonly GatewayClass[]
  readonly gateways: readonly ServedGateway[]
  readonly routes: readonly AnyRoute[]
  readonly isGranted: IsGranted
  readonly now: number
}

function readAll(around: Surroundings, found: Found): Reading {
  const { cluster, shared } = around
  const { classes, gateways, routes, isGranted, now } = found
  const namespaceLabels = (name: string): Labels =>
    shared.namespaces.get(name)?.metadata.labels ?? {}
  const ours: Gateways = {
    gateways: new Map(gateways.map((gateway) => [keyOf(gateway), gateway])),
    namespaceLabels,
  }
  const readings = routes.map((route) => readRoute(route, ours, isGranted))
  const attached = countAttached(readings.flatMap((reading) => reading.attachments))
  const write =
    <T extends KubeObject>(given: StatusWrite<T>) =>
    () =>
      writeStatus(cluster, given)
  const served = gateways.map((object) => {
    const { certificates, defects } = certificatesOf(object, around, isGranted)
    const facts = {
      address: around.address,
      attached: attached.get(keyOf(object)) ?? new Map<string, number>(),
      certificateDefects: defects,
      now,
    }
    const wanted = (held: ServedGateway): object => gatewayStatus(held, facts)
    return { certificates, status: write({ kind: kinds.gateway, object, wanted }) }
  })
  return {
    entries: readings.flatMap(({ entries }) => entries),
    certificates: served.flatMap(({ certificates }) => certificates),
    // Its statuses say what is wrong.
    defects: [],
    writes: [
      ...classes.map((object) =>
        write({ kind: kinds.gatewayClass, object, wanted: (held) => classStatus(held, now) }),
      ),
      ...served.map(({ status }) => status),
      ...readings.map(({ route }) => write(routeWrite(route, { around, ours, isGranted, now }))),
    ],
  }
}

function routeWrite(
  route: AnyRoute,
  facts: {
    readonly around: Surroundings
    readonly ours: Gateways
    readonly isGranted: IsGranted
    readonly now: number
  },
): StatusWrite<AnyRoute> {
  const { around, ours, isGranted, now } = facts
  const { controllerName, shared } = around
  const servicePorts = (namespace: string, name: string): readonly number[] | undefined => {
    const service = shared.services.get(`${namespace}/${name}`)
    return service === undefined ? undefined : (service.spec?.ports ?? []).map(({ port }) => port)
  }
  const kind: Kind = route.kind === 'GRPCRoute' ? grpcRouteKind : kinds.httpRoute
  return {
    kind,
    object: route,
    wanted: (held) => {
      // Read anew: after a conflict the route may have another spec.
      const reading = readRoute(held, ours, isGranted)
      const parents = routeParents(held, {
        ...reading,
        controllerName,
        servicePorts,
        isGranted,
        now,
      })
      const untouched = parents.length === 0 && held.status?.parents === undefined
      return untouched ? undefined : { parents }
    },
  }
}

type RouteReading = {
  readonly route: AnyRoute
  readonly attachments: readonly Attachment[]
  readonly entries: readonly Entry[]
  readonly defect: string | undefined
}

function readRoute(route: AnyRoute, ours: Gateways, isGranted: IsGranted): RouteReading {
  const found = attachments(route, ours)
  const reach = found.flatMap((one) => (one.kind === 'attached' ? one.reach : []))
  try {
    const entries =
      route.kind === 'GRPCRoute'
        ? grpcRouteEntries(route as GrpcRoute, reach, isGranted)
        : httpRouteEntries(route as HttpRoute, reach, isGranted)
    return { route, attachments: found, entries, defect: undefined }
  } catch (error) {
    // One route that cannot be read is told so and hurts no other.
    const defect = error instanceof Error ? error.message : String(error)
    return { route, attachments: found, entries: [], defect }
  }
}

function certificatesOf(gateway: ServedGateway, { shared }: Surroundings, isGranted: IsGranted) {
  const certificates: Certificate[] = []
  const defects = new Map<string, string>()
  const home = gateway.metadata.namespace ?? 'default'
  for (const listener of gateway.spec.listeners) {
    if (schemeOf(listener) !== 'https') continue
    const refs = listener.tls?.certificateRefs ?? []
    if (refs.length === 0) defects.set(listener.name, 'the listener names no certificate')
    for (const { namespace = home, name } of refs) {
      const from = { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: home }
      try {
        if (!isGranted(from, { group: '', kind: 'Secret', namespace, name })) {
          throw new Error(`Secret ${namespace}/${name} needs a ReferenceGrant in its namespace`)
        }
        const key = `${namespace}/${name}`
        const context = contextOf(shared.secrets.get(key), key)
        certificates.push({ host: (listener.hostname ?? '*').toLowerCase(), context })
      } catch (error) {
        defects.set(listener.name, (error as Error).message)
      }
    }
  }
  return { certificates, defects }
}

function countAttached(all: readonly Attachment[]): ReadonlyMap<string, Map<string, number>> {
  const counts = new Map<string, Map<string, number>>()
  for (const attachment of all) {
    if (attachment.kind === 'refused') continue
    const ofGateway = counts.get(attachment.gateway) ?? new Map<string, number>()
    counts.set(attachment.gateway, ofGateway)
    for (const name of attachment.listeners) ofGateway.set(name, (ofGateway.get(name) ?? 0) + 1)
  }
  return counts
}
