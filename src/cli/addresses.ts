/** Where the parts of a local cluster are. */

/** What a local cluster prints once all of it is ready: base URLs without path or trailing slash. */
export type LocalAddresses = {
  readonly apiServer: string
  readonly gateway: string
  readonly prometheus: string
  readonly health?: string
  readonly dashboard?: string
  readonly deployer?: string
  readonly superposition?: string
  readonly kubeconfig?: string
}
