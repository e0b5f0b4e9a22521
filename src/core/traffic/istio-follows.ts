/** How far Istio's proxies may be behind: decision 13, and what was measured (docs/gateways.md). */
export const istioFollows = {
  settleMs: 2000,
  /** Pilot gathers changes for up to ten seconds (PILOT_DEBOUNCE_MAX) where the mesh never rests. */
  drainMs: 12_000,
} as const
