/** A running API server: the machine, its certificate, its admin token and its loopback port. */
import { randomBytes } from 'node:crypto'
import { type Authority, createAuthority } from '#kube/authority.ts'
import type { Transport } from '#kube/http.ts'
import type { Ports } from '#kube/ports.ts'
import { admin, createApiServer } from './api-server.ts'
import type { Handle } from './handle.ts'
import { openFace } from './https.ts'
import { type ClientCredentials, kubeconfigText } from './kubeconfig.ts'
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
  /** The text of a kubeconfig file, for the admin unless other credentials are given. */
  readonly kubeconfig: (credentials?: ClientCredentials) => string
  /** Bearer tokens and whose they are; whoever adds one lets its bearer in. */
  readonly tokens: Map<string, User>
  /** A client certificate for a user of this name and these groups. */
  readonly clientCertificate: Authority['issueClient']
  readonly handle: Handle
  readonly store: Store
  /** A client's way in without sockets. */
  readonly transport: (user?: User) => Transport
  readonly close: () => Promise<void>
}

/** Starts a fresh, empty cluster's API server. Rejects when the port is taken. */
export async function startApiServer(options: StartOptions): Promise<RunningApiServer> {
  const { ports, port = 0 } = options
  const [server, authority] = await Promise.all([
    createApiServer(ports, options.store),
    createAuthority(ports),
  ])
  const names = ['localhost', 'kubernetes', 'kubernetes.default.svc']
  const identity = await authority.issue(names, ['127.0.0.1', '::1'])
  // A secret must not come from a seed: whoever knows the seed would be admin.
  const token = randomBytes(24).toString('base64url')
  server.tokens.set(token, admin)
  const face = await openFace({
    handle: server.handle,
    key: identity.keyPem,
    cert: identity.certPem,
    port,
    clientCa: identity.caPem,
    identify: server.identify,
  })
  const url = `https://127.0.0.1:${face.port}`
  return {
    url,
    caPem: identity.caPem,
    token,
    kubeconfig: (credentials = { token }) =>
      kubeconfigText({ url, caPem: identity.caPem, ...credentials }),
    tokens: server.tokens,
    clientCertificate: authority.issueClient,
    handle: server.handle,
    store: server.store,
    transport: server.transport,
    close: face.close,
  }
}
