/**
 * The cluster of a run: the local API server with the controllers, kubelet and gateway that a release needs, in one
 * thread and virtual time; and the truth about every write, with who was behind it.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cluster as Client } from '#kube/cluster.ts'
import { connectTo } from '#kube/connect.ts'
import type { HttpRequest, HttpResponse, Transport } from '#kube/http.ts'
import type { Ports } from '#kube/ports.ts'
import { type VirtualClock, virtualClock } from '#kube/virtual-clock.ts'
import { type ApiServer, admin, copyApiServer } from '#local/api-server/api-server.ts'
import type { Change, Store } from '#local/api-server/store.ts'
import { contentOf } from '#local/api-server/stored-entry.ts'
import type { Control } from '#local/gateway/control.ts'
import { beginning, groundOf, inTime } from './ground.ts'
import { followGateway, startLocalParts } from './parts.ts'
import { type Pods, podsOver } from './pods.ts'
import { diceOf, idsOf } from './random.ts'
import type { Setting } from './stories/story.ts'
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
  /** None where Services alone carry the traffic. */
  readonly gateway: Control | undefined
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
  /** Cuts everybody off. What stands still in virtual time can be forgotten then; open watches would hold it for ever. */
  readonly end: () => Promise<void>
}

export async function startCluster(seed: number, setting: Setting): Promise<Cluster> {
  const time = virtualClock(beginning)
  const ground = await groundOf()
  return inTime(time, assemble(ground, seed, setting, time))
}

async function assemble(
  ground: ApiServer,
  seed: number,
  setting: Setting,
  time: VirtualClock,
): Promise<Cluster> {
  const ports: Ports = { clock: time.clock, random: diceOf(seed, 'cluster').next, newId: idsOf(1) }
  const server = copyApiServer(ground, ports, { tracksOwners: false })
  const ways: Transport[] = []
  const inner = (): Transport => {
    const way = server.transport()
    ways.push(way)
    return way
  }
  const ledger = ledgerOf(server, time)
  const person = (actor: string): Client => {
    const cause = { ...nobody, actor }
    const way = inner()
    return connectTo(
      {
        close: way.close,
        send: (request, options) =>
          ledger.blame({ ...cause, method: request.method, path: request.path }, () =>
            way.send(request, options),
          ),
      },
      ports,
      { fieldManager: actor },
    )
  }
  const pods = podsOver(time.clock)
  await startLocalParts(inner(), ports, pods, setting)
  const gateway = await followGateway(inner(), ports, setting.router)
  return {
    time,
    store: server.store,
    pods,
    gateway,
    person,
    serve: (request, cause) => ledger.blame(cause, () => server.handle(request, { user: admin })),
    watch: (request, signal) => server.handle(request, { user: admin, signal }),
    truth: ledger.truth,
    revisionAt: ledger.revisionAt,
    atRevision: ledger.atRevision,
    onWrite: ledger.onWrite,
    end: () => Promise.all(ways.map((way) => way.close())).then(() => undefined),
  }
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
    const after = type === 'DELETED' ? undefined : (contentOf(entry) as unknown as KubeObject)
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
