/** The webhooks of all doors as one part: certificates, listener, registration. */
import type { Door } from '#doors/door.ts'
import type { Address } from '#http/listen.ts'
import type { Cluster } from '#kube/cluster.ts'
import type { Ports } from '#kube/ports.ts'
import { type Pair, serviceNames } from './certificates.ts'
import { type Keeper, keepInFolder, keepInSecret } from './keepers.ts'
import { startListener } from './listener.ts'
import { type Place, register, type Trust } from './registration.ts'

type WebhookOptions = {
  readonly cluster: Cluster
  readonly ports: Pick<Ports, 'clock' | 'random'>
  readonly doors: readonly Door[]
  readonly address: Address
  /** Where the API server finds us; with a URL, port 0 of it stands for the one that is listened on. */
  readonly place: Place
  readonly certificates: Certificates
  readonly onProblem: (error: Error) => void
}

export type Certificates =
  /** Made and renewed by us, in a Secret. */
  | { readonly kind: 'own'; readonly namespace: string; readonly secret: string }
  /** `tls.crt`, `tls.key` and perhaps `ca.crt`, read anew as they change. */
  | { readonly kind: 'files'; readonly folder: string }
  /** The same, from cert-manager, which tells the API server whom to trust: `NAMESPACE/NAME` of the Certificate. */
  | { readonly kind: 'cert-manager'; readonly folder: string; readonly certificate: string }

export type Webhooks = { readonly port: number; readonly stop: () => Promise<void> }

/** Resolves once the API server knows where they are. Whatever fails to start takes the others down with it. */
export async function startWebhooks(options: WebhookOptions): Promise<Webhooks> {
  const { cluster, ports, address, onProblem } = options
  const doors = options.doors.filter(
    ({ conversion, validation }) => conversion !== undefined || validation !== undefined,
  )
  let present = (_: Pair): void => undefined
  const keeper = await keep(options, (pair) => present(pair))
  const ends: (() => Promise<void>)[] = [keeper.stop]
  const stop = async (): Promise<void> => {
    for (const end of ends.toReversed()) await end()
  }
  try {
    const listener = await startListener(doors, keeper.pair, address, ports.clock)
    ends.push(listener.stop)
    const trust = trustOf(options, keeper)
    const place = placeOf(options.place, listener.port)
    const registration = await register({ cluster, doors, place, trust, onProblem })
    ends.push(registration.stop)
    // Trusted first, shown then: nobody meets a certificate that he has not heard of.
    present = (pair) => void registration.again().then(() => listener.present(pair))
    return { port: listener.port, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function keep(options: WebhookOptions, changed: (pair: Pair) => void): Promise<Keeper> {
  const { cluster, ports, certificates, place, onProblem } = options
  if (certificates.kind !== 'own')
    return keepInFolder(certificates.folder, ports, onProblem, changed)
  const { namespace, secret: name } = certificates
  const names = place.kind === 'service' ? serviceNames(place) : ['localhost']
  const addresses = place.kind === 'service' ? [] : ['127.0.0.1', '::1']
  return keepInSecret({ cluster, ports, namespace, name, names, addresses, onProblem }, changed)
}

function trustOf({ certificates }: WebhookOptions, keeper: Keeper): Trust {
  if (certificates.kind === 'cert-manager')
    return { kind: 'injected', from: certificates.certificate }
  return { kind: 'bundle', pem: () => keeper.pair.caPem }
}

function placeOf(place: Place, port: number): Place {
  if (place.kind === 'service') return place
  const url = new URL(place.url)
  if (url.port === '0') url.port = String(port)
  return { kind: 'url', url: url.origin }
}
