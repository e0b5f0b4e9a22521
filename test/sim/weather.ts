/** Which faults are in force now, for whom. Those that happen in an instant are handed to whoever listens. */
import type { Clock } from '#kube/ports.ts'
import type { FaultKind, Strike } from './plan.ts'

export type Weather = {
  readonly begin: (strike: Strike) => void
  /** The fault of that kind that is in force for an instance, if any. */
  readonly of: (fault: FaultKind, instance: string) => Strike | undefined
  readonly listen: (listener: (strike: Strike, phase: 'begins' | 'ends') => void) => () => void
  readonly heal: () => void
  readonly isCalm: () => boolean
}

export function weatherOver(clock: Clock): Weather {
  const inForce = new Map<Strike, () => void>()
  const listeners = new Set<(strike: Strike, phase: 'begins' | 'ends') => void>()
  const tell = (strike: Strike, phase: 'begins' | 'ends'): void => {
    for (const listener of [...listeners]) listener(strike, phase)
  }
  const end = (strike: Strike): void => {
    const cancel = inForce.get(strike)
    if (cancel === undefined) return
    cancel()
    inForce.delete(strike)
    tell(strike, 'ends')
  }
  return {
    begin: (strike) => {
      inForce.set(
        strike,
        clock.after(strike.forMs, () => end(strike)),
      )
      tell(strike, 'begins')
    },
    of: (fault, instance) => {
      for (const strike of inForce.keys()) {
        if (strike.fault === fault && strike.instance === instance) return strike
      }
      return undefined
    },
    listen: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    heal: () => {
      for (const strike of [...inForce.keys()]) end(strike)
    },
    isCalm: () => inForce.size === 0,
  }
}
