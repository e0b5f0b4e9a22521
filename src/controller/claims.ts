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

export function claimOf(kind: string, namespace: string | undefined, name: string): string {
  return `${kind}/${namespace ?? ''}/${name}`
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

export function emptyClaims(): Claims {
  const byClaim = new Map<string, Map<string, App>>()
  const byKey = new Map<string, readonly string[]>()

  const forget = (key: string): void => {
    for (const claim of byKey.get(key) ?? []) {
      const holders = byClaim.get(claim)
      holders?.delete(key)
      if (holders?.size === 0) byClaim.delete(claim)
    }
    byKey.delete(key)
  }

  return {
    set: (key, app) => {
      forget(key)
      if (app === undefined) return
      const claims = claimsOf(app)
      byKey.set(key, claims)
      for (const claim of claims) {
        const holders = byClaim.get(claim) ?? new Map<string, App>()
        byClaim.set(claim, holders.set(key, app))
      }
    },
    holders: (claim) => [...(byClaim.get(claim)?.keys() ?? [])],
    held: (key) => byKey.get(key) ?? [],
    sharing: (key, before) => {
      const all = [...before, ...(byKey.get(key) ?? [])]
      const others = all.flatMap((claim) => [...(byClaim.get(claim)?.keys() ?? [])])
      return [...new Set(others)].filter((other) => other !== key)
    },
    rivalsOf: (key, app) =>
      (byKey.get(key) ?? []).flatMap((claim) =>
        [...(byClaim.get(claim) ?? [])]
          .filter(([other, rival]) => other !== key && cameFirst(rival, app))
          .map(([other]) => ({
            claim: claim.replace('/', ' ').replace(/^(\S+) \S*?\//, '$1 '),
            by: other,
          })),
      ),
  }
}

function cameFirst(one: App, other: App): boolean {
  return one.createdAt === other.createdAt ? one.uid < other.uid : one.createdAt < other.createdAt
}
