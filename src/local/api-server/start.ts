/** A running API server: the machine, its certificate, its admin token and its loopback port. */
import { randomBytes } from 'node:crypto'
import type { Transport } from '#kube/http.ts'
import type { Ports } from '#kube/ports.ts'
import { createAuthority } from '../pki.ts'
import { admin, createApiServer } from './api-server.ts'
import type { Handle } from './handle.ts'
import { openFace } from './https.ts'
import { kubeconfigText } from './kubeconfig.ts'
import type { User } from './machine.ts'
import type { Store, StoreOptions } from './store.ts'

export type StartOptions = {
  readonly ports: Ports
  /** Default: any free port. */
  readonly port?: number
  readonly store?: StoreOptions
}

export type RunningApiServer = {
  /** `https://127.0.0.1:PORT` */
  readonly url: string
  readonly caPem: string
  /** The admin's bearer token. */
  readonly token: string
  /** The text of a kubeconfig file for the admin. */
  readonly kubeconfig: () => string
  readonly handle: Handle
  readonly store: Store
  /** A client's way in without sockets. */
  readonly transport: (user?: User) => Transport
  readonly close: () => Promise<void>
}

/** Starts a fresh, empty cluster's API server. Rejects when the port is taken. */
export async function startApiServer(options: StartOptions): Promise<RunningApiServer> {
  const { ports, port = 0 } = options
  const [server, identity] = await Promise.all([
    createApiServer(ports, options.store),
    createAuthority(ports).then(({ issue }) =>
      issue(['localhost', 'kubernetes', 'kubernetes.default.svc'], ['127.0.0.1', '::1']),
    ),
  ])
  // A secret must not come from a seed: whoever knows the seed would be admin.
  const token = randomBytes(24).toString('base64url')
  const face = await openFace({
    handle: server.handle,
    key: identity.keyPem,
    cert: identity.certPem,
    port,
    userOf: (given) => (given === token ? admin : undefined),
  })
  const url = `https://127.0.0.1:${face.port}`
  return {
    url,
    caPem: identity.caPem,
    token,
    kubeconfig: () => kubeconfigText({ url, caPem: identity.caPem, token }),
    handle: server.handle,
    store: server.store,
    transport: server.transport,
    close: face.close,
  }
}
