/** preStop hooks as far as they can be honoured without running a container's own programs. */
import type { Container } from '../controllers/shapes.ts'
import { probeRequest } from './prober.ts'
import type { ProbeRequest } from './runtime.ts'

/** How long the hook sleeps; undefined where there is no hook that does. `exec` counts where it is a plain sleep. */
export function preStopMs({ lifecycle }: Container): number | undefined {
  const hook = lifecycle?.preStop
  if (hook === undefined) return undefined
  if (hook.sleep !== undefined) return hook.sleep.seconds * 1000
  const slept = /\bsleep\s+(\d+(?:\.\d+)?)/.exec((hook.exec?.command ?? []).join(' '))
  return slept === null ? undefined : Number(slept[1]) * 1000
}

/** The request that an httpGet hook makes. */
export function preStopRequest(container: Container): ProbeRequest | undefined {
  const httpGet = container.lifecycle?.preStop?.httpGet
  return httpGet === undefined
    ? undefined
    : probeRequest({ httpGet, timeoutSeconds: 30 }, container)
}
