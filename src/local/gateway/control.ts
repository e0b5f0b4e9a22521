/**
 * The control plane: from Gateways and routes to statuses and, after the follow delay, to the routing table. As in real
 * gateways the status says that a change was read before the data plane has it.
 */
import type { Gateway, GatewayClass, HttpRoute } from '#core/k8s/gateway-api.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject, Labels } from '#core/k8s/meta.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import type { Ports } from '#kube/ports.ts'
import { type Attachment, attachments } from './attachment.ts'
import { classStatus, gatewayStatus } from './gateway-status.ts'
import { httpRouteEntries } from './http-route.ts'
import type { Service } from './objects.ts'
import { routeParents } from './route-status.ts'
import { type StatusWrite, writeStatus } from './status-writer.ts'
import { buildTable, type Entry, emptyTable, type Table } from './table.ts'

export type ControlCaches = {
  readonly classes: Cache<GatewayClass>
  readonly gateways: Cache<Gateway>
  readonly routes: Cache<HttpRoute>
  readonly services: Cache<Service>
  readonly namespaces: Cache<KubeObject>
}

export type ControlOptions = {
  readonly controllerName: string
  /** What the Gateways' status gives as their address. */
  readonly address: string
  readonly followDelayMs: number
  readonly report: (error: unknown) => void
}

export type Control = {
  readonly table: () => Table
  readonly setFollowDelay: (ms: number) => void
  readonly stop: () => Promise<void>
}

const retryMs = 500

/** One reading of all objects: what to write and what to serve. */
type Reading = { readonly table: Table; readonly writes: readonly (() => Promise<void>)[] }

export function startControl(
  cluster: Cluster,
  { clock }: Ports,
  caches: ControlCaches,
  options: ControlOptions,
): Control {
  let serving = emptyTable
  let delayMs = options.followDelayMs
  let installed = 0
  let sequence = 0
  let due = false
  let stopped = false
  let working: Promise<void> = Promise.resolve()
  const cancels = new Set<() => void>()

  const later = (ms: number, callback: () => void): void => {
    const cancel = clock.after(ms, () => {
      cancels.delete(cancel)
      callback()
    })
    cancels.add(cancel)
  }

  const pass = async (): Promise<void> => {
    if (stopped) return
    due = false
    const number = ++sequence
    const { table, writes } = read(cluster, clock.now(), caches, options)
    const results = await Promise.allSettled(writes.map((write) => write()))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined && !stopped) {
      options.report(failed.reason)
      later(retryMs, schedule)
    }
    if (stopped) return
    // Out of order only when the delay was shortened meanwhile; then the newer reading stays.
    const install = (): void => {
      if (number <= installed) return
      installed = number
      serving = table
    }
    if (delayMs <= 0) install()
    else later(delayMs, install)
  }

  // Changes that arrive together are read together; passes never overlap.
  const schedule = (): void => {
    if (due || stopped) return
    due = true
    working = working.then(pass).catch(options.report)
  }

  for (const cache of Object.values(caches)) cache.subscribe(schedule)
  schedule()
  return {
    table: () => serving,
    setFollowDelay: (ms) => {
      delayMs = ms
    },
    stop: async () => {
      stopped = true
      for (const cancel of cancels) cancel()
      await working
    },
  }
}

function read(
  cluster: Cluster,
  now: number,
  caches: ControlCaches,
  options: ControlOptions,
): Reading {
  const classes = [...caches.classes.values()].filter(
    ({ spec }) => spec.controllerName === options.controllerName,
  )
  const classNames = new Set(classes.map(({ metadata }) => metadata.name))
  const gateways = new Map(
    [...caches.gateways.values()]
      .filter(({ spec }) => classNames.has(spec.gatewayClassName))
      .map((gateway) => [keyOf(gateway), gateway]),
  )
  const namespaceLabels = (name: string): Labels =>
    caches.namespaces.get(name)?.metadata.labels ?? {}
  const ours = { gateways, namespaceLabels }
  const readings = [...caches.routes.values()].map((route) => readRoute(route, ours))
  const attached = countAttached(readings.flatMap((reading) => reading.attachments))

  const write = <T extends KubeObject>(given: StatusWrite<T>) => {
    return () => writeStatus(cluster, given)
  }
  const servicePorts = (namespace: string, name: string): readonly number[] | undefined => {
    const service = caches.services.get(`${namespace}/${name}`)
    return service === undefined ? undefined : (service.spec?.ports ?? []).map(({ port }) => port)
  }
  const writes = [
    ...classes.map((object) =>
      write({ kind: kinds.gatewayClass, object, wanted: (held) => classStatus(held, now) }),
    ),
    ...[...gateways].map(([key, object]) => {
      const facts = { address: options.address, attached: attached.get(key) ?? new Map(), now }
      return write({ kind: kinds.gateway, object, wanted: (held) => gatewayStatus(held, facts) })
    }),
    ...readings.map(({ route }) =>
      write({
        kind: kinds.httpRoute,
        object: route,
        wanted: (held) => {
          // Read anew: after a conflict the route may have another spec.
          const { attachments, defect } = readRoute(held, ours)
          const parents = routeParents(held, { ...options, attachments, defect, servicePorts, now })
          const untouched = parents.length === 0 && held.status?.parents === undefined
          return untouched ? undefined : { parents }
        },
      }),
    ),
  ]
  return { table: buildTable(readings.flatMap(({ entries }) => entries)), writes }
}

type RouteReading = {
  readonly route: HttpRoute
  readonly attachments: readonly Attachment[]
  readonly entries: readonly Entry[]
  readonly defect: string | undefined
}

function readRoute(route: HttpRoute, ours: Parameters<typeof attachments>[1]): RouteReading {
  const found = attachments(route, ours)
  const hosts = new Set(found.flatMap((one) => (one.kind === 'attached' ? one.hosts : [])))
  try {
    const entries = hosts.size === 0 ? [] : httpRouteEntries(route, [...hosts])
    return { route, attachments: found, entries, defect: undefined }
  } catch (error) {
    // One route that cannot be read is told so and hurts no other.
    const defect = error instanceof Error ? error.message : String(error)
    return { route, attachments: found, entries: [], defect }
  }
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

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? 'default'}/${metadata.name}`
}
