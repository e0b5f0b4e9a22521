/** How far gateways are behind their own word. */
export type Follows = {
  /** Milliseconds, usually: what is waited for before weights rise. */
  readonly settleMs: number
  /** Milliseconds at worst, where that is longer: what is waited for before anything that it may use goes. */
  readonly drainMs?: number
}

/** Istio's proxies: decision 13, and what was measured (docs/gateways.md). */
export const istioFollows = {
  settleMs: 2000,
  /** Pilot gathers changes for up to ten seconds (PILOT_DEBOUNCE_MAX) where the mesh never rests. */
  drainMs: 12_000,
} as const

/** Of several gateways, whoever is last. */
export function slowest(all: readonly Follows[]): Follows {
  return {
    settleMs: Math.max(...all.map(({ settleMs }) => settleMs)),
    drainMs: Math.max(...all.map(({ drainMs = 0 }) => drainMs)),
  }
}
