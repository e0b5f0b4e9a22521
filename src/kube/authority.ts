/** A certificate authority of one's own: for a local cluster, and for webhooks that bring their certificates along. */
import { webcrypto } from 'node:crypto'
import type * as x509Types from '@peculiar/x509'
import type { Ports } from './ports.ts'
import { loadX509, type X509 } from './x509.ts'

type ServerIdentity = {
  readonly caPem: string
  readonly certPem: string
  readonly keyPem: string
}

export type Authority = {
  readonly caPem: string
  /** A server certificate for these DNS names and IP addresses, signed by this authority. */
  readonly issue: (
    names: readonly string[],
    addresses: readonly string[],
  ) => Promise<ServerIdentity>
  /** A certificate by which a client shows who it is: the user's name, and the groups he is a member of. */
  readonly issueClient: (user: {
    readonly name: string
    readonly groups: readonly string[]
  }) => Promise<{ readonly certPem: string; readonly keyPem: string }>
}

const keys = { name: 'ECDSA', namedCurve: 'P-256' } as const
const signing = { name: 'ECDSA', hash: 'SHA-256' } as const
const yearMs = 365 * 24 * 3600 * 1000

/** What it takes to sign certificates. */
type Signing = {
  readonly x509: X509
  readonly keys: webcrypto.CryptoKeyPair
  readonly name: string
  readonly notBefore: Date
  readonly notAfter: Date
  readonly serial: () => string
}

export type AuthorityTerms = {
  /** Its common name. */
  readonly name: string
  /** How long the authority itself is valid; what it issues is valid for a year. */
  readonly years: number
}

const local: AuthorityTerms = { name: 'headgate-local-ca', years: 1 }

/** A fresh authority, valid around the clock's now. */
export async function createAuthority(
  { clock, random }: Pick<Ports, 'clock' | 'random'>,
  { name, years }: AuthorityTerms = local,
): Promise<Authority> {
  const x509 = await loadX509()
  const until = (span: number): Date => new Date(clock.now() + span * yearMs)
  const by: Signing = {
    x509,
    keys: await newKeys(),
    name: `CN=${name}`,
    notBefore: new Date(clock.now() - 3600 * 1000),
    notAfter: until(1),
    serial: () => serialOf(random),
  }
  const caPem = await selfSigned({ ...by, notAfter: until(years) })
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage
  return {
    caPem,
    issue: async (names, addresses) => {
      const alternatives = new x509.SubjectAlternativeNameExtension([
        ...names.map((value) => ({ type: 'dns' as const, value })),
        ...addresses.map((value) => ({ type: 'ip' as const, value })),
      ])
      const subject = [{ CN: [names[0] ?? addresses[0] ?? 'server'] }]
      return { caPem, ...(await certify(by, subject, serverAuth, [alternatives])) }
    },
    issueClient: ({ name, groups }) => {
      const subject = [...groups.map((group) => ({ O: [group] })), { CN: [name] }]
      return certify(by, subject, clientAuth, [])
    },
  }
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(keys, true, ['sign', 'verify'])
}

/** Sixteen hex digits, the first of which is neither zero nor so high that the number would be negative. */
function serialOf(random: Ports['random']): string {
  const digits = Array.from({ length: 16 }, (_, index) =>
    index === 0 ? Math.floor(random() * 7) + 1 : Math.floor(random() * 16),
  )
  return digits.map((digit) => digit.toString(16)).join('')
}

async function selfSigned(by: Signing): Promise<string> {
  const { x509, name, notBefore, notAfter } = by
  const { keyCertSign, cRLSign } = x509.KeyUsageFlags
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: by.serial(),
    name,
    notBefore,
    notAfter,
    signingAlgorithm: signing,
    keys: by.keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(keyCertSign | cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(by.keys.publicKey),
    ],
  })
  return cert.toString('pem')
}

async function certify(
  by: Signing,
  subject: x509Types.JsonName,
  usage: string,
  extensions: readonly x509Types.Extension[],
): Promise<{ certPem: string; keyPem: string }> {
  const { x509, name, notBefore, notAfter } = by
  const own = await newKeys()
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: by.serial(),
    subject,
    issuer: name,
    notBefore,
    notAfter,
    signingAlgorithm: signing,
    publicKey: own.publicKey,
    signingKey: by.keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([usage]),
      ...extensions,
      await x509.AuthorityKeyIdentifierExtension.create(by.keys.publicKey),
    ],
  })
  return { certPem: cert.toString('pem'), keyPem: await privateKeyPem(own.privateKey) }
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  const exported = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64')
  const lines = exported.match(/.{1,64}/g)?.join('\n') ?? ''
  return `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`
}
