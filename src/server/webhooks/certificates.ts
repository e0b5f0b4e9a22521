/**
 * The certificates of webhooks: our own, kept in a Secret that all replicas share and renewed in time, or files that
 * somebody else keeps fresh. Whoever asks is told of each change.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createAuthority } from '#kube/authority.ts'
import type { Ports } from '#kube/ports.ts'

export type Pair = {
  readonly certPem: string
  readonly keyPem: string
  /** What the API server is to trust; several while one takes over from another. Empty where nobody says. */
  readonly caPem: string
}

const dayMs = 86_400_000
/** A certificate is renewed so long before its end. */
const renewBeforeMs = 30 * dayMs

/** Names under which a Service is called within a cluster. */
export function serviceNames(service: { readonly name: string; readonly namespace: string }) {
  const { name, namespace } = service
  return [
    name,
    `${name}.${namespace}`,
    `${name}.${namespace}.svc`,
    `${name}.${namespace}.svc.cluster.local`,
  ]
}

/** A new authority for ten years and a certificate of it for one; authorities that are trusted still stay trusted. */
export async function newPair(
  ports: Pick<Ports, 'clock' | 'random'>,
  names: readonly string[],
  addresses: readonly string[],
  before: string,
): Promise<Pair> {
  const authority = await createAuthority(ports, { name: 'headgate-webhooks', years: 10 })
  const { certPem, keyPem } = await authority.issue(names, addresses)
  const kept = authoritiesIn(before).filter((one) => isValid(one, ports.clock.now()))
  return { certPem, keyPem, caPem: [authority.caPem.trim(), ...kept.slice(0, 1)].join('\n') }
}

function authoritiesIn(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
}

function isValid(pem: string, now: number): boolean {
  try {
    return new X509Certificate(pem).validToDate.getTime() > now
  } catch {
    return false
  }
}

/** When a pair has to be renewed; the past for one that is unusable or made for other names. */
export function renewalOf({ certPem, keyPem, caPem }: Pair, names: readonly string[]): number {
  try {
    const certificate = new X509Certificate(certPem)
    const [authority] = authoritiesIn(caPem)
    const fits =
      certificate.checkPrivateKey(createPrivateKey(keyPem)) &&
      names.every((name) => certificate.checkHost(name) !== undefined) &&
      authority !== undefined &&
      certificate.verify(new X509Certificate(authority).publicKey)
    return fits ? certificate.validToDate.getTime() - renewBeforeMs : 0
  } catch {
    return 0
  }
}

/** @throws Error when a file cannot be read. */
export async function pairInFolder(folder: string): Promise<Pair> {
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8')
  const [certPem, keyPem] = await Promise.all([read('tls.crt'), read('tls.key')])
  const caPem = await read('ca.crt').catch(() => '')
  return { certPem, keyPem, caPem }
}
