/**
 * Credentials for what releases ask. A Secret is read alone and when it is needed, never listed or watched, and what is
 * in it goes to the address that its own annotation names and nowhere else: who may write a Release, but not that
 * Secret, cannot send it to another host.
 */

import { isHeaderAllowed } from '#core/api/read-analysis.ts'
import type { SecretName } from '#core/http-ask.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import type { DirectTls } from '#kube/transport.ts'

/** On a Secret: the addresses, separated by blanks, that it may be sent to. */
export const addressAnnotation = 'headgate.dev/address'

export type Credentials = {
  readonly headers: Readonly<Record<string, string>>
  readonly tls: DirectTls
  /** Texts that must not be repeated anywhere. */
  readonly confidential: readonly string[]
}

export type Secrets = {
  /** @throws Error with a sentence, which never holds any part of the Secret. */
  readonly read: (name: SecretName, url: string) => Promise<Credentials>
  /** Whoever was asked does not take these credentials: they are read anew the next time. */
  readonly forget: (name: SecretName) => void
}

type SecretObject = KubeObject & { readonly data?: Readonly<Record<string, string>> }

type Held = {
  readonly version: string
  readonly addresses: readonly string[]
  readonly credentials: Credentials
  /** On the monotonic clock. */
  readonly readAt: number
}

/** A changed Secret is noticed after so long, or at once when it is refused. */
const reuseMs = 30_000
const mostHeld = 1000
/** Characters of a text that is worth hiding. */
const leastSecret = 8

export function secretsOf(cluster: Pick<Cluster, 'get' | 'ports'>): Secrets {
  const held = new Map<string, Held>()
  const reading = new Map<string, Promise<Held>>()
  const keyOf = ({ namespace, name }: SecretName): string => `${namespace}/${name}`

  const fetch = async (name: SecretName): Promise<Held> => {
    const key = keyOf(name)
    const object = await get(cluster, name)
    const version = object.metadata.resourceVersion ?? ''
    const before = held.get(key)
    const readAt = cluster.ports.clock.monotonic()
    const found =
      before?.version === version && version !== ''
        ? { ...before, readAt }
        : { version, readAt, ...understood(object, key) }
    held.delete(key)
    held.set(key, found)
    for (const oldest of held.keys()) {
      if (held.size <= mostHeld) break
      held.delete(oldest)
    }
    return found
  }

  const current = (name: SecretName): Promise<Held> => {
    const key = keyOf(name)
    const known = held.get(key)
    if (known !== undefined && cluster.ports.clock.monotonic() - known.readAt < reuseMs)
      return Promise.resolve(known)
    const underWay = reading.get(key)
    if (underWay !== undefined) return underWay
    const read = fetch(name).finally(() => reading.delete(key))
    reading.set(key, read)
    return read
  }

  return {
    read: async (name, url) => {
      const { addresses, credentials } = await current(name)
      if (!addresses.some((address) => isWithin(url, address)))
        throw new Error(notBound(keyOf(name), url))
      return credentials
    },
    forget: (name) => {
      held.delete(keyOf(name))
    },
  }
}

async function get(
  cluster: Pick<Cluster, 'get'>,
  { namespace, name }: SecretName,
): Promise<SecretObject> {
  try {
    return await cluster.get<SecretObject>(kinds.secret, { namespace, name })
  } catch (error) {
    if (isKube(error, 'NotFound'))
      throw new Error(`Secret ${namespace}/${name} does not exist; create it`)
    if (isKube(error, 'Forbidden'))
      throw new Error(
        `Secret ${namespace}/${name} may not be read; grant get on it to the controller`,
      )
    throw new Error(`Secret ${namespace}/${name} cannot be read now`)
  }
}

function notBound(key: string, url: string): string {
  const { origin } = new URL(url)
  return `Secret ${key} is not bound to ${origin}; annotate it with ${addressAnnotation}: ${origin}`
}

function isWithin(url: string, address: string): boolean {
  if (!URL.canParse(address)) return false
  const [asked, bound] = [new URL(url), new URL(address)]
  const prefix = bound.pathname.replace(/\/+$/, '')
  return (
    asked.origin === bound.origin &&
    (asked.pathname === prefix || asked.pathname.startsWith(`${prefix}/`))
  )
}

function understood(
  { metadata, data = {} }: SecretObject,
  key: string,
): Pick<Held, 'addresses' | 'credentials'> {
  const texts = new Map(
    Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString()]),
  )
  const written = metadata.annotations?.[addressAnnotation] ?? ''
  const headers = headersOf(texts, key)
  return {
    addresses: written.split(/\s+/).filter((address) => address !== ''),
    credentials: { headers, tls: tlsOf(texts), confidential: confidentialOf(texts, headers) },
  }
}

/** `token` as bearer, or `username` and `password`; and each `header.NAME`. */
function headersOf(texts: ReadonlyMap<string, string>, key: string): Record<string, string> {
  const headers: Record<string, string> = {}
  const token = texts.get('token')?.trim()
  const [username, password] = [texts.get('username'), texts.get('password')]
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`
  else if (username !== undefined && password !== undefined)
    headers['authorization'] = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  for (const [name, value] of texts) {
    const header = /^header\.(.+)$/.exec(name)?.[1]?.toLowerCase()
    if (header === undefined) continue
    if (!isHeaderAllowed(header)) throw new Error(`Secret ${key} may not set the header ${header}`)
    headers[header] = value.trim()
  }
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[\x20-\x7e]*$/.test(value))
      throw new Error(`Secret ${key} has characters for ${name} that a header cannot hold`)
  }
  return headers
}

function tlsOf(texts: ReadonlyMap<string, string>): DirectTls {
  const ca = texts.get('ca.crt')
  const [cert, key] = [texts.get('tls.crt'), texts.get('tls.key')]
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { certificate: { cert, key } }),
  }
}

function confidentialOf(
  texts: ReadonlyMap<string, string>,
  headers: Readonly<Record<string, string>>,
): readonly string[] {
  const own = [...texts].flatMap(([name, value]) =>
    name === 'ca.crt' || name === 'tls.crt' || name === 'username' ? [] : value.trim(),
  )
  const sent = Object.values(headers).map((value) => value.replace(/^(Bearer|Basic) /, ''))
  // Shorter ones are no secrets, and would be found in any number.
  return [...new Set([...own, ...sent])].filter(({ length }) => length >= leastSecret)
}
