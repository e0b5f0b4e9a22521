/** The gateways of this lane, each built with Go from a module of its own here. */
import { fileURLToPath } from 'node:url'
import type { GoProgram } from '../cluster/go-program.ts'

const folder = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** `absent` in its folder has what no module proxy serves and no test needs. */
export const traefik: GoProgram = {
  folder: folder('./traefik'),
  program: 'traefik',
  path: 'github.com/traefik/traefik/v3/cmd/traefik',
}

/** Istio's control plane; its data plane is the Envoy of the cluster lane. */
export const pilot: GoProgram = {
  folder: folder('./istio'),
  program: 'pilot-discovery',
  path: 'istio.io/istio/pilot/cmd/pilot-discovery',
}
