/** A small certificate authority for tests over TLS. */
import { webcrypto } from 'node:crypto'
import type { Extension } from '@peculiar/x509'
import { loadX509 } from '../x509.ts'

export type Pair = { readonly cert: string; readonly key: string }

export type Authority = {
  readonly ca: string
  readonly server: (name: string) => Promise<Pair>
  readonly client: (user: string) => Promise<Pair>
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

export async function authority(): Promise<Authority> {
  const x509 = await loadX509()
  const keys = await newKeys()
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=test authority',
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
  })
  let serial = 1
  const issue = async (subject: string, extensions: readonly Extension[]): Promise<Pair> => {
    const own = await newKeys()
    serial += 1
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial.toString(16).padStart(2, '0'),
      subject,
      issuer: root.subject,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [...extensions],
    })
    return { cert: certificate.toString('pem'), key: await pemOf(own.privateKey) }
  }
  return {
    ca: root.toString('pem'),
    server: (name) =>
      issue(`CN=${name}`, [
        new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
      ]),
    client: (user) =>
      issue(`CN=${user}`, [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])]),
  }
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ]) as Promise<webcrypto.CryptoKeyPair>
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key)
  const text = Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n').trimEnd()
  return `-----BEGIN PRIVATE KEY-----\n${text}\n-----END PRIVATE KEY-----\n`
}
