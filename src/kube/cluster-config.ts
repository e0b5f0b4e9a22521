/** Where a cluster is and who we are to it, once files and environment have been read. */
import type { ClientCertificate, Credentials } from './credentials.ts'

export type TlsConfig = {
  /** PEM; undefined for the system's authorities. */
  readonly ca: string | undefined
  readonly insecure: boolean
  readonly serverName: string | undefined
  readonly certificate: ClientCertificate | undefined
}

export type ClusterConfig = {
  /** URL; a path in it comes before every request's own. */
  readonly server: string
  /** The namespace of the context, or of the pod; `default` where neither says. */
  readonly namespace: string
  /** Where all this comes from, for messages: `context kind in /home/ann/.kube/config`. */
  readonly source: string
  /** Pods and cluster names can be reached directly. */
  readonly inCluster: boolean
  readonly tls: TlsConfig
  readonly credentials: Credentials
  /** `Impersonate-…` headers. */
  readonly impersonation: Readonly<Record<string, string | string[]>>
  readonly proxyUrl: string | undefined
  /** What was accepted but should be known, a sentence each. */
  readonly warnings: readonly string[]
}

/** A configuration without any file: for tests, and for servers that are known by address alone. */
export function plainConfig(server: string, changes: Partial<ClusterConfig> = {}): ClusterConfig {
  return {
    server,
    namespace: 'default',
    source: server,
    inCluster: false,
    tls: { ca: undefined, insecure: false, serverName: undefined, certificate: undefined },
    credentials: { kind: 'none' },
    impersonation: {},
    proxyUrl: undefined,
    warnings: [],
    ...changes,
  }
}
