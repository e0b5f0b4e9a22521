/**
 * Who governs what: which release claims which object by name. It leads changes of an object to the releases that care,
 * and tells rivals apart: whoever came first has it.
 */
import { kinds } from '#core/k8s/kinds.ts'
import type { App } from '#core/model/app.ts'
import type { Rival } from '#core/observed.ts'
import { routers } from '#core/traffic/register.ts'

export type Claims = {
  readonly set: (key: string, app: App | undefined) => void
  /** Keys of the releases that claim an object, by `Kind/namespace/name`. */
  readonly holders: (claim: string) => readonly string[]
  /** The claims of a release. */
  readonly held: (key: string) => readonly string[]
  /** Other releases that claim, or claimed by the list given, something that this one claims. */
  readonly sharing: (key: string, before: readonly string[]) => readonly string[]
  readonly rivalsOf: (key: string, app: App) => readonly Rival[]
}

/** By what two claims are told apart: whoever was created first came first. */
type Claimant = {
  readonly key: string
  readonly uid: string
  readonly createdAt: number
  readonly claims: readonly string[]
}

export function claimOf(kind: string, namespace: string | undefined, name: string): string {
  // Joined, not added up: a sum of texts is kept with its parts.
  return [kind, namespace ?? '', name].join('/')
}

function claimsOf(app: App): readonly string[] {
  const routes = routers[app.traffic.router]?.objects(app) ?? []
  const pods = Object.entries(app.selector)
    .sort()
    .map(([key, value]) => `${key}=${value}`)
  return [
    ...Object.values(app.services).map((name) => claimOf(kinds.service.kind, app.namespace, name)),
    ...routes.map(({ kind, namespace, name }) => claimOf(kind, namespace, name)),
    claimOf('Pods', app.namespace, pods.join(',')),
  ]
}

const none: readonly never[] = []

export function emptyClaims(): Claims {
  // Lists, not maps: nearly every claim has one holder.
  const byClaim = new Map<string, readonly Claimant[]>()
  const byKey = new Map<string, Claimant>()
  const on = (claim: string): readonly Claimant[] => byClaim.get(claim) ?? none

  const forget = (key: string): void => {
    for (const claim of byKey.get(key)?.claims ?? none) {
      const others = on(claim).filter((one) => one.key !== key)
      if (others.length === 0) byClaim.delete(claim)
      else byClaim.set(claim, others)
    }
    byKey.delete(key)
  }

  return {
    set: (key, app) => {
      forget(key)
      if (app === undefined) return
      const claimant = { key, uid: app.uid, createdAt: app.createdAt, claims: claimsOf(app) }
      byKey.set(key, claimant)
      for (const claim of new Set(claimant.claims)) byClaim.set(claim, [...on(claim), claimant])
    },
    holders: (claim) => on(claim).map(({ key }) => key),
    held: (key) => byKey.get(key)?.claims ?? none,
    sharing: (key, before) => {
      const all = [...before, ...(byKey.get(key)?.claims ?? none)]
      const others = all.flatMap((claim) => on(claim).map((one) => one.key))
      return [...new Set(others)].filter((other) => other !== key)
    },
    rivalsOf: (key, app) =>
      (byKey.get(key)?.claims ?? none).flatMap((claim) =>
        on(claim)
          .filter((rival) => rival.key !== key && cameFirst(rival, app))
          .map(({ key: by }) => ({
            claim: claim.replace('/', ' ').replace(/^(\S+) \S*?\//, '$1 '),
            by,
          })),
      ),
  }
}

type Age = Pick<Claimant, 'uid' | 'createdAt'>

function cameFirst(one: Age, other: Age): boolean {
  return one.createdAt === other.createdAt ? one.uid < other.uid : one.createdAt < other.createdAt
}
