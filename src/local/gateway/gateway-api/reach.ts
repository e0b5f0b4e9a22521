/** Puts an entry under every host that it is reached by. */
import type { Entry, Scheme } from '../table.ts'
import type { Reach } from './attachment.ts'

export function withReach(reach: readonly Reach[], entry: Omit<Entry, 'host'>): readonly Entry[] {
  const byHost = new Map<string, Set<Scheme>>()
  for (const { host, scheme } of reach) {
    byHost.set(host, (byHost.get(host) ?? new Set<Scheme>()).add(scheme))
  }
  return [...byHost].map(([host, schemes]) => ({ ...entry, host, schemes: [...schemes] }))
}
