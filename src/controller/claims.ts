/**
 * Who governs what: which release claims which object by name. It leads changes of an object to the releases that care,
 * and tells rivals apart: whoever came first has it.
 */
import { kinds } from '#core/k8s/kinds.ts'
import type { ObjectRef } from '#core/k8s/meta.ts'
import type { App } from '#core/model/app.ts'
import type { Rival } from '#core/observed.ts'
import { routers } from '#core/traffic/register.ts'
import { Groups } from './groups.ts'

export type Claims = {
  readonly set: (key: string, app: App | undefined) => void
  /** Keys of the releases that claim an object, by `Kind/namespace/name`. */
  readonly holders: (claim: string) => readonly string[]
  /** The claims of a release. */
  readonly held: (key: string) => readonly string[]
  /** Other releases that claim, or claimed by the list given, something that this one claims. */
  readonly sharing: (key: string, before: readonly string[]) => readonly string[]
  readonly rivalsOf: (key: string, app: App) => readonly Rival[]
  /** For each of its hosts, a release that is reached under it too and came first. */
  readonly sharersOf: (key: string, app: App) => readonly Rival[]
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

/** Objects of our own are told apart by their owner: two releases may name the same, and neither is a rival. */
export function besideOf(kind: string): string {
  return ['beside', kind].join(' ')
}

// Where nothing of ours is wanted, a change of what bears the name wakes nobody.
function isAwaited(app: App, ref: ObjectRef): boolean {
  const { plan, traffic } = app
  if (plan.promotion.previewHost !== undefined || traffic.extras !== undefined) return true
  const router = routers[traffic.router]
  return router !== undefined && router.renders(app, ref)
}

function claimsOf(app: App): readonly string[] {
  const router = routers[app.traffic.router]
  const routes = router?.objects(app) ?? []
  const own = router?.beside(app).filter((ref) => isAwaited(app, ref)) ?? []
  const pods = Object.entries(app.selector)
    .sort()
    .map(([key, value]) => `${key}=${value}`)
  const services = Object.values(app.services)
  const made = app.made?.objects ?? []
  // Concatenated: a list that is spread into keeps room for many more.
  return services
    .map((name) => claimOf(kinds.service.kind, app.namespace, name))
    .concat(
      routes.map(({ kind, namespace, name }) => claimOf(kind, namespace, name)),
      own.map(({ kind, namespace, name }) => claimOf(besideOf(kind), namespace, name)),
      made.map(({ kind, metadata }) => claimOf(besideOf(kind), app.namespace, metadata.name)),
      (app.hosts ?? []).map((host) => claimOf(besideOf('Host'), undefined, host)),
      claimOf('Pods', app.namespace, pods.join(',')),
    )
}

const none: readonly never[] = []

/** Of a thing that more than so many share, a change is not told to all of them: they hear of it in their next pass. */
const mostTold = 64

export function emptyClaims(): Claims {
  const byClaim = new Groups<Claimant>()
  const byKey = new Map<string, Claimant>()

  const forget = (key: string): void => {
    const claimant = byKey.get(key)
    if (claimant === undefined) return
    for (const claim of claimant.claims) byClaim.drop(claim, claimant)
    byKey.delete(key)
  }

  return {
    set: (key, app) => {
      forget(key)
      if (app === undefined) return
      const claimant = { key, uid: app.uid, createdAt: app.createdAt, claims: claimsOf(app) }
      byKey.set(key, claimant)
      for (const claim of new Set(claimant.claims)) byClaim.add(claim, claimant)
    },
    holders: (claim) => byClaim.of(claim).map(({ key }) => key),
    held: (key) => byKey.get(key)?.claims ?? none,
    sharing: (key, before) => {
      const all = [...before, ...(byKey.get(key)?.claims ?? none)]
      const few = all.filter((claim) => isExclusive(claim) || byClaim.of(claim).length <= mostTold)
      const others = few.flatMap((claim) => byClaim.of(claim).map((one) => one.key))
      return [...new Set(others)].filter((other) => other !== key)
    },
    sharersOf: (key, app) =>
      (app.hosts ?? []).flatMap((host) => {
        const others = byClaim.of(claimOf(besideOf('Host'), undefined, host))
        const first = others.find((other) => other.key !== key && cameFirst(other, app))
        return first === undefined ? [] : [{ claim: host, by: first.key }]
      }),
    rivalsOf: (key, app) =>
      (byKey.get(key)?.claims ?? none).filter(isExclusive).flatMap((claim) =>
        byClaim
          .of(claim)
          .filter((rival) => rival.key !== key && cameFirst(rival, app))
          .map(({ key: by }) => ({
            claim: claim.replace('/', ' ').replace(/^(\S+) \S*?\//, '$1 '),
            by,
          })),
      ),
  }
}

function isExclusive(claim: string): boolean {
  return !claim.startsWith(besideOf(''))
}

type Age = Pick<Claimant, 'uid' | 'createdAt'>

function cameFirst(one: Age, other: Age): boolean {
  return one.createdAt === other.createdAt ? one.uid < other.uid : one.createdAt < other.createdAt
}
