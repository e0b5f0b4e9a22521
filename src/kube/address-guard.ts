/**
 * Which addresses Headgate asks for metrics and health. An address in a resource is written by
 * whoever may write the resource, who need not be allowed to reach what our process can reach. So:
 * services of the cluster by name, over http; never loopback, link-local (cloud metadata) or the
 * API server; anything else by the administrator's list. Pure; the address that a name leads to is
 * checked again when it is connected to.
 */
import { canonical, classOf, isWithin } from './address.ts'

export type AddressRules = {
  /**
   * What the administrator allows on top: `host`, `host:port`, `*.suffix`, an address, or a block
   * `10.1.0.0/16`. Loopback and link-local are allowed only by address or block.
   */
  readonly allow: readonly string[]
  /** In the local cluster everything is on loopback. */
  readonly loopback: boolean
  /** Names and addresses of the API server, which nothing allows. */
  readonly apiServer: readonly string[]
}

const example = 'write http://NAME.NAMESPACE.svc:PORT'

export const strictRules: AddressRules = { allow: [], loopback: false, apiServer: [] }

/** The API server's own names and addresses, as far as configuration tells, for `AddressRules`. */
export function apiServerAddresses(
  server: string,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const own = env['KUBERNETES_SERVICE_HOST']
  const host = bareHost(new URL(server))
  return own === undefined || own === '' ? [host] : [host, own]
}

/** A Service of the cluster. */
export type ServiceName = {
  readonly name: string
  readonly namespace: string
}

const label = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?'
const clusterName = new RegExp(`^(${label})\\.(${label})\\.svc(?:\\.cluster\\.local)?\\.?$`)

/** `prometheus.monitoring.svc`, with or without `.cluster.local`, as what it names. */
export function serviceIn(host: string): ServiceName | undefined {
  const [, name, namespace] = clusterName.exec(host.toLowerCase()) ?? []
  return name === undefined || namespace === undefined ? undefined : { name, namespace }
}

/**
 * Why a URL must not be asked, as one sentence that says what to do; undefined when it may. Says
 * nothing yet about where its name leads: see `refuseAddress`.
 */
export function refuseUrl(text: string, rules: AddressRules): string | undefined {
  if (!URL.canParse(text))
    return `${JSON.stringify(text)} is not a URL; write http://NAME.NAMESPACE.svc:PORT`
  const url = new URL(text)
  const shown = `${url.protocol}//${url.host}`
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return `${shown} is neither http nor https; ${example}`
  }
  if (url.username !== '' || url.password !== '') {
    return `the address ${shown} shows its credentials to everyone who may read it; remove them`
  }
  const host = bareHost(url)
  if (isApiServer(host, rules))
    return `${shown} is the API server, which is never asked for metrics`
  const addressClass = classOf(host)
  if (addressClass !== undefined) return refuseAddress(host, false, rules)
  if (isLoopbackName(host)) return rules.loopback ? undefined : notLoopback(shown)
  const service = serviceIn(host)
  if (service !== undefined && url.protocol === 'http:') return undefined
  if (isListed(url, rules)) return undefined
  return `${shown} is not a service of the cluster; ${example}, or ${askFor(url.host)}`
}

/**
 * Why a connection must not be made to an address. `named` says that a name which may be asked led
 * there: then private and public addresses are as good as the name.
 */
export function refuseAddress(
  address: string,
  named: boolean,
  rules: AddressRules,
): string | undefined {
  if (isApiServer(address, rules))
    return `${address} is the API server, which is never asked for metrics`
  const listed = rules.allow.some((entry) => isWithin(address, entry))
  switch (classOf(address)) {
    case 'loopback':
      return listed || rules.loopback ? undefined : notLoopback(address)
    case 'link-local':
      return listed
        ? undefined
        : `${address} is link-local, where clouds keep credentials; if it must be, ${askFor(address)}`
    case 'special':
      return `${address} is no address of a server`
    case 'private':
    case 'public':
      return listed || named
        ? undefined
        : `${address} is not allowed; ${example}, or ${askFor(address)}`
    case undefined:
      return `${JSON.stringify(address)} is not an address`
  }
}

function askFor(address: string): string {
  return `let an administrator allow it with --allow-address ${address}`
}

function notLoopback(shown: string): string {
  return `${shown} is this very host, which is not asked; ${example}`
}

function isLoopbackName(host: string): boolean {
  const name = host.replace(/\.$/, '')
  return name === 'localhost' || name.endsWith('.localhost')
}

function isApiServer(host: string, { apiServer }: AddressRules): boolean {
  const service = serviceIn(host)
  if (service?.name === 'kubernetes' && service.namespace === 'default') return true
  const own = canonical(host.replace(/\.$/, ''))
  return apiServer.some((known) => canonical(known) === own)
}

function isListed(url: URL, { allow }: AddressRules): boolean {
  const host = bareHost(url).replace(/\.$/, '')
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  return allow.some((entry) => {
    const wanted = entry.toLowerCase()
    if (wanted.startsWith('*.')) return host.endsWith(wanted.slice(1))
    return wanted === host || wanted === `${host}:${port}`
  })
}

function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').toLowerCase()
}
