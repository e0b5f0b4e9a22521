/** Who keeps the certificates: a Secret that all replicas share, or a folder that somebody else fills. */
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import type { Ports } from '#kube/ports.ts'
import { newPair, type Pair, pairInFolder, renewalOf } from './certificates.ts'

export type Keeper = {
  readonly pair: Pair
  readonly stop: () => Promise<void>
}

type Changed = (pair: Pair) => void

type Secret = KubeObject & {
  readonly type?: string
  readonly data?: Readonly<Record<string, string>>
}

type SecretOptions = {
  readonly cluster: Cluster
  readonly ports: Pick<Ports, 'clock' | 'random'>
  readonly namespace: string
  readonly name: string
  /** What the certificate is to be good for. */
  readonly names: readonly string[]
  readonly addresses: readonly string[]
  readonly onProblem: (error: Error) => void
}

/** The pair of the Secret; made where there is none that can be used, renewed in time, by whichever replica is first. */
export async function keepInSecret(options: SecretOptions, changed: Changed): Promise<Keeper> {
  const { cluster, ports, namespace, name, onProblem } = options
  const secrets = cluster.watch<Secret>(kinds.secret, {
    namespace,
    fieldSelector: `metadata.name=${name}`,
  })
  await secrets.synced()
  let pair = await current(options, secrets.get(`${namespace}/${name}`))
  let cancel = (): void => undefined
  const look = async (): Promise<void> => {
    try {
      const found = await current(options, secrets.get(`${namespace}/${name}`))
      if (found.certPem !== pair.certPem || found.caPem !== pair.caPem) {
        pair = found
        changed(pair)
      }
    } catch (error) {
      onProblem(error instanceof Error ? error : new Error(String(error)))
    }
    schedule()
  }
  const schedule = (): void => {
    cancel()
    const inMs = Math.max(60_000, renewalOf(pair, options.names) - ports.clock.now())
    cancel = ports.clock.after(Math.min(inMs, dayMs), () => void look())
  }
  secrets.subscribe(() => void look())
  schedule()
  return {
    get pair() {
      return pair
    },
    stop: async () => {
      cancel()
      await secrets.stop()
    },
  }
}

const dayMs = 86_400_000

async function current(options: SecretOptions, secret: Secret | undefined): Promise<Pair> {
  const stored = secret === undefined ? undefined : pairIn(secret)
  const { ports, names, addresses } = options
  if (stored !== undefined && renewalOf(stored, names) > ports.clock.now()) return stored
  const pair = await newPair(ports, names, addresses, stored?.caPem ?? '')
  return store(options, secret, pair)
}

/** Another replica may have been first: then its pair counts. */
async function store(
  { cluster, namespace, name }: SecretOptions,
  secret: Secret | undefined,
  pair: Pair,
): Promise<Pair> {
  const data = {
    'ca.crt': base64(pair.caPem),
    'tls.crt': base64(pair.certPem),
    'tls.key': base64(pair.keyPem),
  }
  const at = { namespace, name }
  try {
    if (secret === undefined) {
      const made: Secret = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { ...at, labels: { 'app.kubernetes.io/managed-by': 'headgate' } },
        type: 'kubernetes.io/tls',
        data,
      }
      await cluster.create<Secret>(kinds.secret, made)
    } else {
      await cluster.patch(kinds.secret, at, 'json', [
        { op: 'test', path: '/metadata/resourceVersion', value: secret.metadata.resourceVersion },
        { op: 'add', path: '/data', value: data },
      ])
    }
    return pair
  } catch (error) {
    if (!isKube(error, 'AlreadyExists', 'Conflict', 'Invalid')) throw error
    const other = pairIn(await cluster.get<Secret>(kinds.secret, at))
    if (other === undefined) throw error
    return other
  }
}

function pairIn({ data }: Secret): Pair | undefined {
  const text = (key: string): string => Buffer.from(data?.[key] ?? '', 'base64').toString('utf8')
  const pair = { certPem: text('tls.crt'), keyPem: text('tls.key'), caPem: text('ca.crt') }
  return pair.certPem === '' || pair.keyPem === '' ? undefined : pair
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

/** How often files are read anew: whoever mounts them replaces them now and then. */
const readEveryMs = 60_000

/** @throws Error when they cannot be read at the start. */
export async function keepInFolder(
  folder: string,
  { clock }: Pick<Ports, 'clock'>,
  onProblem: (error: Error) => void,
  changed: Changed,
): Promise<Keeper> {
  let pair = await pairInFolder(folder)
  let cancel = (): void => undefined
  const look = async (): Promise<void> => {
    try {
      const found = await pairInFolder(folder)
      const isNew = found.certPem !== pair.certPem || found.caPem !== pair.caPem
      if (isNew) {
        pair = found
        changed(pair)
      }
    } catch (error) {
      onProblem(error instanceof Error ? error : new Error(String(error)))
    }
    again()
  }
  const again = (): void => {
    cancel = clock.after(readEveryMs, () => void look())
  }
  again()
  return {
    get pair() {
      return pair
    },
    stop: () => {
      cancel()
      return Promise.resolve()
    },
  }
}
