/** Choosing: which backend gets a request, by weight, and which of its endpoints, in turn. */
import type { Random } from '#kube/ports.ts'
import type { Upstream } from './endpoints.ts'
import type { BackendRef, Entry } from './table.ts'

/** `random` splits as Envoy does, within binomial bounds; `exact` as Traefik does, to the request. */
export type Split = 'random' | 'exact'

export type Balancer = {
  /** Undefined when no backend has a weight above 0. */
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
