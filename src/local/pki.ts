/** A certificate authority of its own for one local cluster, made at start and never written down. */
import { webcrypto } from 'node:crypto'
import type { Ports } from '#kube/ports.ts'

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
}

const keys = { name: 'ECDSA', namedCurve: 'P-256' } as const
const signing = { name: 'ECDSA', hash: 'SHA-256' } as const
const yearMs = 365 * 24 * 3600 * 1000

/** Loaded late, because only those who open a socket need it. It asks for decorator metadata that nothing here uses. */
async function library(): Promise<typeof import('@peculiar/x509')> {
  if (!('getMetadata' in Reflect)) {
    const none = (): undefined => undefined
    Object.assign(Reflect, { getMetadata: none, getOwnMetadata: none, defineMetadata: none })
  }
  return import('@peculiar/x509')
}

/** A fresh authority, valid for a year around the clock's now. */
export async function createAuthority({ clock, random }: Ports): Promise<Authority> {
  const x509 = await library()
  const { subtle } = webcrypto
  const notBefore = new Date(clock.now() - 3600 * 1000)
  const notAfter = new Date(clock.now() + yearMs)
  const serial = (): string =>
    Array.from(
      { length: 16 },
      (_, index) => Math.floor(random() * (index === 0 ? 7 : 16)) + (index === 0 ? 1 : 0),
    )
      .map((digit) => digit.toString(16))
      .join('')
  const caKeys = (await subtle.generateKey(keys, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: 'CN=headgate-local-ca',
    notBefore,
    notAfter,
    signingAlgorithm: signing,
    keys: caKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  })
  const caPem = ca.toString('pem')
  const issue: Authority['issue'] = async (names, addresses) => {
    const own = (await subtle.generateKey(keys, true, [
      'sign',
      'verify',
    ])) as webcrypto.CryptoKeyPair
    const cert = await x509.X509CertificateGenerator.create({
      serialNumber: serial(),
      subject: `CN=${names[0] ?? addresses[0] ?? 'server'}`,
      issuer: ca.subject,
      notBefore,
      notAfter,
      signingAlgorithm: signing,
      publicKey: own.publicKey,
      signingKey: caKeys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([
          ...names.map((value) => ({ type: 'dns' as const, value })),
          ...addresses.map((value) => ({ type: 'ip' as const, value })),
        ]),
        await x509.AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
      ],
    })
    const exported = Buffer.from(await subtle.exportKey('pkcs8', own.privateKey)).toString('base64')
    const lines = exported.match(/.{1,64}/g)?.join('\n') ?? ''
    const keyPem = `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`
    return { caPem, certPem: cert.toString('pem'), keyPem }
  }
  return { caPem, issue }
}
