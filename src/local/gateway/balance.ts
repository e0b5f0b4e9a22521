/** Choosing: which backend gets a request, by session or weight, and which of its endpoints, pinned or in turn. */
import { fnv1a } from '#core/hash.ts'
import type { Random } from '#kube/ports.ts'
import { destinationKey, type Upstream } from './endpoints.ts'
import { cookieOf } from './headers.ts'
import type { BackendRef, Entry, RequestView } from './table.ts'

/** `random` splits as Envoy does, within binomial bounds; `exact` as Traefik does, to the request. */
export type Split = 'random' | 'exact'

export type Balancer = {
  /** By weight. Undefined when no backend has a weight above 0. */
  readonly backend: (entry: Entry) => BackendRef | undefined
  /** The next endpoint of a backend, not one of those tried already. */
  readonly endpoint: (
    key: string,
    ready: readonly Upstream[],
    tried: ReadonlySet<string>,
  ) => Upstream | undefined
}

export function balancer(split: Split, random: Random): Balancer {
  const turns = new Map<string, number>()
  // Keyed by the rule, so that several matches of one rule share one sequence.
  const credits = new WeakMap<object, number[]>()

  const exact = ({ rule, backends }: Entry, total: number): BackendRef | undefined => {
    const held = credits.get(rule) ?? backends.map(() => 0)
    credits.set(rule, held)
    let best = -1
    backends.forEach(({ weight }, index) => {
      held[index] = (held[index] ?? 0) + weight
      if (weight > 0 && (best < 0 || (held[index] ?? 0) > (held[best] ?? 0))) best = index
    })
    if (best >= 0) held[best] = (held[best] ?? 0) - total
    return backends[best]
  }

  return {
    backend: (entry) => {
      const total = entry.backends.reduce((sum, { weight }) => sum + weight, 0)
      if (total <= 0) return undefined
      return split === 'exact' ? exact(entry, total) : drawn(entry.backends, random() * total)
    },
    endpoint: (key, ready, tried) => {
      const turn = turns.get(key) ?? 0
      for (let i = 0; i < ready.length; i++) {
        const candidate = ready[(turn + i) % ready.length]
        if (candidate === undefined || tried.has(candidate.id)) continue
        turns.set(key, (turn + i + 1) % ready.length)
        return candidate
      }
      return undefined
    },
  }
}

function drawn(backends: readonly BackendRef[], point: number): BackendRef | undefined {
  let left = point
  for (const backend of backends) {
    if (left < backend.weight) return backend
    left -= backend.weight
  }
  return backends.findLast(({ weight }) => weight > 0)
}

/** What a session's cookie says: the backend first, so that a pod that is gone does not lose it. */
export function sessionValue(backend: BackendRef, upstream: Upstream): string {
  return `${fnv1a(destinationKey(backend))}.${fnv1a(upstream.id)}`
}

/** The backend of a session that stands; weights have no say in it. */
export function sessionBackend(entry: Entry, request: RequestView): BackendRef | undefined {
  if (entry.session === undefined) return undefined
  const [wanted] = (cookieOf(request, entry.session.name) ?? '').split('.')
  return entry.backends.find(
    (backend) => backend.isSessionless !== true && fnv1a(destinationKey(backend)) === wanted,
  )
}

/** The endpoint of a session that stands and is ready. */
export function sessionEndpoint(
  entry: Entry,
  request: RequestView,
  ready: readonly Upstream[],
): Upstream | undefined {
  if (entry.session === undefined) return undefined
  const [, wanted] = (cookieOf(request, entry.session.name) ?? '').split('.')
  return ready.find(({ id }) => fnv1a(id) === wanted)
}

/**
 * The endpoint that a value belongs to. Each endpoint bids, the highest bid wins: when one comes or goes, only the values
 * that it wins or leaves move.
 */
export function pinned(
  value: string,
  ready: readonly Upstream[],
  tried: ReadonlySet<string>,
): Upstream | undefined {
  let best: { readonly bid: number; readonly upstream: Upstream } | undefined
  const wanted = numberOf(value)
  for (const upstream of ready) {
    if (tried.has(upstream.id)) continue
    const bid = mixed(numberOf(upstream.id) ^ mixed(wanted))
    if (best === undefined || bid > best.bid) best = { bid, upstream }
  }
  return best?.upstream
}

function numberOf(text: string): number {
  return Number.parseInt(fnv1a(text).slice(0, 8), 16)
}

// The hash alone carries like texts to like numbers, and then one endpoint would outbid the others for all of them. This
// is the end of MurmurHash3: every bit moves every other.
function mixed(bits: number): number {
  let value = Math.imul(bits ^ (bits >>> 16), 0x85_eb_ca_6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2_b2_ae_35)
  return (value ^ (value >>> 16)) >>> 0
}
