/** Certificates from Secrets, read once each, and the one that belongs to a server name. */
import { createSecureContext, type SecureContext } from 'node:tls'
import type { Secret } from './objects.ts'
import type { Certificate } from './source.ts'

const read = new WeakMap<Secret, SecureContext | Error>()

/** The certificate in a Secret. @throws Error when there is none that can be used */
export function contextOf(secret: Secret | undefined, name: string): SecureContext {
  if (secret === undefined) throw new Error(`Secret ${name} does not exist`)
  const known = read.get(secret) ?? contextFrom(secret, name)
  read.set(secret, known)
  if (known instanceof Error) throw known
  return known
}

function contextFrom({ data }: Secret, name: string): SecureContext | Error {
  const [cert, key] = [data?.['tls.crt'], data?.['tls.key']]
  if (cert === undefined || key === undefined) {
    return new Error(`Secret ${name} holds no tls.crt and tls.key`)
  }
  try {
    return createSecureContext({ cert: decoded(cert), key: decoded(key) })
  } catch (error) {
    return new Error(`Secret ${name} holds no usable certificate: ${(error as Error).message}`)
  }
}

function decoded(text: string): Buffer {
  return Buffer.from(text, 'base64')
}

/** Finds by server name: exact, then the wildcard one label above, then the one for all. The first given wins. */
export function certificateFinder(
  all: readonly Certificate[],
): (serverName: string) => SecureContext | undefined {
  const byHost = new Map<string, SecureContext>()
  for (const { host, context } of all) if (!byHost.has(host)) byHost.set(host, context)
  return (name) => byHost.get(name) ?? byHost.get(name.replace(/^[^.]+/, '*')) ?? byHost.get('*')
}
