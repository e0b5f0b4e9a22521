/**
 * Leases of the programs that doors stand in for. Our leader holds them too, so that a forgotten original stands by; as
 * long as it holds its own, the door's releases are left to it.
 */
import { kinds } from '#core/k8s/kinds.ts'
import type { Door } from '#doors/door.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import { type Leadership, lead } from '#kube/lease.ts'
import type { Log } from '#kube/log.ts'

export type FormerLeases = {
  /** Whether nobody else leads by a door's former lease. */
  readonly mayAct: (door: Door) => boolean
  /** Begins to stand for the leases of those doors that the cluster serves. */
  readonly begin: () => void
  /** Gives them back. */
  readonly end: () => Promise<void>
}

type Parts = {
  readonly cluster: Cluster
  readonly identity: string
  readonly log: Log
  /** Resolves once the cluster serves a door's resource. */
  readonly opened: (door: Door) => Promise<void>
  /** Told when a door may be acted on from now on. */
  readonly free: (door: Door) => void
}

type Stand = { readonly mayAct: () => boolean; readonly end: () => Promise<void> }

export function formerLeases(doors: readonly Door[], parts: Parts): FormerLeases {
  const stands = new Map<string, Stand>()
  return {
    mayAct: ({ name, lease }) => lease === undefined || stands.get(name)?.mayAct() === true,
    begin: () => {
      for (const door of doors) {
        if (door.lease !== undefined && !stands.has(door.name))
          stands.set(door.name, standFor(door, door.lease, parts))
      }
    },
    end: async () => {
      const ending = [...stands.values()]
      stands.clear()
      await Promise.all(ending.map((one) => one.end()))
    },
  }
}

/** A lease is stood for where its namespace is: where there is none, there is no original either. */
function standFor(door: Door, lease: NonNullable<Door['lease']>, parts: Parts): Stand {
  const { cluster, opened, free } = parts
  const { namespace } = lease
  let leadership: Leadership | undefined
  let ended = false
  let known: 'unknown' | 'absent' | 'present' = 'unknown'
  let namespaces: ReturnType<Cluster['watch']> | undefined
  const look = (): void => {
    if (ended) return
    known = namespaces?.get(namespace) === undefined ? 'absent' : 'present'
    if (known === 'absent') return free(door)
    leadership ??= lead(cluster, { ...lease, ...telling(door, parts) })
  }
  const begin = async (): Promise<void> => {
    await opened(door)
    if (ended) return
    // Who may not look at namespaces serves one of his own: an original elsewhere has nothing to do with it.
    if (await isForbidden(cluster, namespace)) {
      known = 'absent'
      return free(door)
    }
    if (ended) return
    namespaces = cluster.watch(kinds.namespace, { fieldSelector: `metadata.name=${namespace}` })
    namespaces.subscribe(({ type }) => {
      if (known !== 'unknown' && type === 'put') look()
    })
    await namespaces.synced()
    look()
  }
  // It rejects only when it is stopped before.
  const begun = begin().catch(() => undefined)
  return {
    mayAct: () => known === 'absent' || leadership?.isLeader() === true,
    end: async () => {
      ended = true
      await namespaces?.stop()
      await leadership?.stop()
      void begun
    },
  }
}

async function isForbidden(cluster: Cluster, name: string): Promise<boolean> {
  return await cluster.get(kinds.namespace, { name }).then(
    () => false,
    (error: unknown) => isKube(error, 'Forbidden'),
  )
}

function telling(door: Door, { identity, log, free }: Parts) {
  const facts = { door: door.name, lease: door.lease?.name }
  return {
    identity,
    onGain: () => {
      log.info(facts, 'this process holds the lease of the program that the door stands in for')
      free(door)
    },
    onLoss: (why: string) => log.warn({ ...facts, why }, 'the door stands by'),
    onProblem: (error: Error) =>
      log.warn({ ...facts, error: error.message }, 'a former lease could not be taken'),
  }
}
