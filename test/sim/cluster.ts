/**
 * The cluster of a run: the local API server with the controllers, kubelet and gateway that a release needs, in one
 * thread and virtual time; and the truth about every write, with who was behind it.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { doors } from '#doors/register.ts'
import type { Cluster as Client } from '#kube/cluster.ts'
import { connectTo } from '#kube/connect.ts'
import type { HttpRequest, HttpResponse } from '#kube/http.ts'
import type { Ports } from '#kube/ports.ts'
import { type VirtualClock, virtualClock } from '#kube/virtual-clock.ts'
import { type ApiServer, admin, createApiServer } from '#local/api-server/api-server.ts'
import type { Change, Store } from '#local/api-server/store.ts'
import { gatewayApiCrds, localGateway, localGatewayClass } from '#local/crds/gateway-api.ts'
import type { Control } from '#local/gateway/control.ts'
import { followGateway, startLocalParts } from './parts.ts'
import { type Pods, podsOver } from './pods.ts'
import { diceOf, idsOf } from './random.ts'
import {
  type Cause,
  changed,
  nothing,
  type ShelfName,
  shelves,
  type Truth,
  type Write,
} from './truth.ts'

export type Cluster = {
  readonly time: VirtualClock
  readonly store: Store
  readonly pods: Pods
  readonly gateway: Control
  /** A person's client; its writes are nobody's fault but theirs. */
  readonly person: (actor: string) => Client
  /** A request of a controller instance; the write it makes is known to be theirs. */
  readonly serve: (request: HttpRequest, cause: Cause) => Promise<HttpResponse>
  readonly watch: (request: HttpRequest, signal: AbortSignal) => Promise<HttpResponse>
  readonly truth: () => Truth
  readonly revisionAt: (monotonic: number) => number
  readonly atRevision: (
    revision: number,
  ) =>
    | { readonly shelf: ShelfName; readonly key: string; readonly object: KubeObject | undefined }
    | undefined
  readonly onWrite: (listener: (write: Write) => void) => void
  /** Everything is as it was before there were releases. */
  readonly stop: () => Promise<void>
}

/** Names of what has to be known of the Gateway API here. */
const routeKinds = ['HTTPRoute', 'Gateway', 'GatewayClass']

export async function startCluster(seed: number): Promise<Cluster> {
  const time = virtualClock(Date.UTC(2026, 10, 21))
  return inTime(time, assemble(seed, time))
}

/** Lets virtual time pass until a promise is kept. @throws Error when it is not within a minute. */
export async function inTime<T>(time: VirtualClock, promise: Promise<T>): Promise<T> {
  let kept = false
  const watched = promise.finally(() => {
    kept = true
  })
  watched.catch(() => undefined)
  if (!(await time.advanceUntil(() => kept, 60_000))) throw new Error('the cluster does not start')
  return watched
}

async function assemble(seed: number, time: VirtualClock): Promise<Cluster> {
  const ports: Ports = { clock: time.clock, random: diceOf(seed, 'cluster').next, newId: idsOf(1) }
  const server = await createApiServer(ports, { firstRevision: 1000 })
  const ledger = ledgerOf(server, time)
  const clients: Client[] = []
  const person = (actor: string): Client => {
    const cause = { ...nobody, actor }
    const inner = server.transport()
    const client = connectTo(
      {
        close: inner.close,
        send: (request, options) =>
          ledger.blame({ ...cause, method: request.method, path: request.path }, () =>
            inner.send(request, options),
          ),
      },
      ports,
      { fieldManager: actor },
    )
    clients.push(client)
    return client
  }
  const setUp = person('set-up')
  for (const crd of definitions()) await setUp.create(kinds.customResourceDefinition, crd)
  const pods = podsOver(time.clock)
  const parts = await startLocalParts(server, ports, pods)
  const gateway = await followGateway(server, ports)
  await setUp.create(kinds.gatewayClass, localGatewayClass)
  await setUp.create(kinds.gateway, localGateway(80))
  return {
    time,
    store: server.store,
    pods,
    gateway: gateway.control,
    person,
    serve: (request, cause) => ledger.blame(cause, () => server.handle(request, { user: admin })),
    watch: (request, signal) => server.handle(request, { user: admin, signal }),
    truth: ledger.truth,
    revisionAt: ledger.revisionAt,
    atRevision: ledger.atRevision,
    onWrite: ledger.onWrite,
    stop: async () => {
      await gateway.stop()
      await parts.stop()
      await Promise.all(clients.map((client) => client.close()))
    },
  }
}

/**
 * The definitions that a release meets, without rules in CEL and versions that nobody here speaks: those are shown
 * elsewhere, and here they would cost more than all that is tested.
 */
let kept: readonly KubeObject[] | undefined
function definitions(): readonly KubeObject[] {
  kept ??= [...gatewayApiCrds().filter(isNeeded), ...doors.flatMap(({ crds }) => crds)].map(slim)
  return kept
}

type Definition = KubeObject & {
  readonly spec: {
    readonly names: { readonly kind: string }
    readonly versions: readonly Version[]
  }
}
type Version = { readonly name: string; readonly storage: boolean }

function isNeeded(crd: KubeObject): boolean {
  return routeKinds.includes((crd as Definition).spec.names.kind)
}

function slim(crd: KubeObject): KubeObject {
  const { spec, ...rest } = crd as Definition
  const versions = spec.versions.filter(({ storage }) => storage)
  const text = JSON.stringify({ ...rest, spec: { ...spec, versions } }, (name, value: unknown) =>
    name === 'x-kubernetes-validations' || name === 'description' ? undefined : value,
  )
  return JSON.parse(text) as KubeObject
}

const nobody: Cause = {
  actor: 'cluster',
  ours: false,
  method: '',
  path: '',
  body: '',
  issuedAt: 0,
  told: [],
}

type Ledger = Pick<Cluster, 'truth' | 'revisionAt' | 'atRevision' | 'onWrite'> & {
  readonly blame: <T>(cause: Cause, act: () => T) => T
}

/** Follows the store, and remembers what stood there when. */
function ledgerOf(server: ApiServer, time: VirtualClock): Ledger {
  const causes = new AsyncLocalStorage<Cause>()
  const listeners: ((write: Write) => void)[] = []
  const revisions = new Map<number, ReturnType<Cluster['atRevision']>>()
  const moments: { readonly at: number; readonly revision: number }[] = []
  let truth = nothing

  const take = (shelf: ShelfName, { entry, type, revision }: Change): void => {
    const was = truth
    const before = was[shelf].get(entry.key)
    const after = type === 'DELETED' ? undefined : (JSON.parse(entry.text) as KubeObject)
    const is = changed(was, shelf, entry.key, after)
    truth = is
    const at = time.clock.monotonic()
    revisions.set(revision, { shelf, key: entry.key, object: after })
    moments.push({ at, revision })
    const cause = causes.getStore() ?? nobody
    for (const listener of listeners) {
      listener({ at, revision, shelf, key: entry.key, type, before, after, was, is, cause })
    }
  }
  for (const [storage, shelf] of Object.entries(shelves)) {
    server.store.listen(storage, (change) => take(shelf, change))
  }
  return {
    blame: (cause, act) => causes.run(cause, act),
    truth: () => truth,
    revisionAt: (at) => moments.findLast((moment) => moment.at <= at)?.revision ?? 1000,
    atRevision: (revision) => revisions.get(revision),
    onWrite: (listener) => listeners.push(listener),
  }
}
