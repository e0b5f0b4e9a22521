/** Tells the API server where our webhooks are and whom to trust there: in definitions, and in their configurations. */
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Door, Validation } from '#doors/door.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'

export type Place =
  | {
      readonly kind: 'service'
      readonly namespace: string
      readonly name: string
      readonly port: number
    }
  /** For an API server that cannot reach Services: base URL without a path. */
  | { readonly kind: 'url'; readonly url: string }

/** Who sees to the authority that is trusted: we, or cert-manager, from this Certificate. */
export type Trust =
  | { readonly kind: 'bundle'; readonly pem: () => string }
  | { readonly kind: 'injected'; readonly from: string }

const injection = 'cert-manager.io/inject-ca-from'

type Registering = {
  readonly cluster: Cluster
  readonly doors: readonly Door[]
  readonly place: Place
  readonly trust: Trust
  readonly onProblem: (error: Error) => void
}

type Registration = {
  /** Writes what has changed. */
  readonly again: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** A door with its own definition and configuration, watched by their names: others are none of our business. */
type Watched = {
  readonly door: Door
  readonly definitions: Cache<Definition>
  readonly configurations: Cache<Configuration> | undefined
}

/** Registers, and again whenever somebody applies the definitions or the configurations without it. */
export async function register(options: Registering): Promise<Registration> {
  const { cluster, doors, onProblem } = options
  const watched = doors.map((door) => watch(cluster, door))
  const caches = watched.flatMap(({ definitions, configurations }) =>
    configurations === undefined ? [definitions] : [definitions, configurations],
  )
  await Promise.all(caches.map((cache) => cache.synced()))
  let ended = false
  let underWay = Promise.resolve()
  const once = async (): Promise<void> => {
    for (const one of watched) {
      if (ended) return
      try {
        await registerDoor(options, one)
      } catch (error) {
        // Another replica was first, or the cluster has moved on: what it says next is heard.
        if (!isKube(error, 'Conflict', 'NotFound', 'AlreadyExists'))
          onProblem(error instanceof Error ? error : new Error(String(error)))
      }
    }
  }
  const again = (): Promise<void> => {
    underWay = underWay.then(once)
    return underWay
  }
  for (const cache of caches) cache.subscribe(() => void again())
  await again()
  return {
    again,
    stop: async () => {
      ended = true
      await underWay
      await Promise.all(caches.map((cache) => cache.stop()))
    },
  }
}

function watch(cluster: Cluster, door: Door): Watched {
  const { kind, validation } = door
  const named = (name: string) => ({ fieldSelector: `metadata.name=${name}` })
  return {
    door,
    definitions: cluster.watch(
      kinds.customResourceDefinition,
      named(`${kind.plural}.${kind.group}`),
    ),
    configurations:
      validation === undefined
        ? undefined
        : cluster.watch(kinds.validatingWebhookConfiguration, named(validation.configuration)),
  }
}

type Definition = KubeObject & { readonly spec?: { readonly conversion?: unknown } }
type Configuration = KubeObject & { readonly webhooks?: unknown }

async function registerDoor(
  options: Registering,
  { door, definitions, configurations }: Watched,
): Promise<void> {
  const { cluster } = options
  const name = `${door.kind.plural}.${door.kind.group}`
  const definition = definitions.get(name)
  // A door whose resource the cluster does not serve is off.
  if (definition === undefined) return
  if (door.conversion !== undefined) {
    const conversion = {
      strategy: 'Webhook',
      webhook: {
        conversionReviewVersions: ['v1'],
        clientConfig: clientConfig(options, '/convert'),
      },
    }
    if (!isWithin(conversion, definition.spec?.conversion) || !isTrusted(options, definition))
      await cluster.patch(kinds.customResourceDefinition, { name }, 'merge', {
        ...trusted(options),
        spec: { conversion },
      })
  }
  if (door.validation === undefined) return
  const wanted = configurationOf(options, door, door.validation)
  const found = configurations?.get(door.validation.configuration)
  if (found === undefined)
    await cluster.create<Configuration>(kinds.validatingWebhookConfiguration, wanted)
  else if (!isWithin(wanted.webhooks, found.webhooks) || !isTrusted(options, found))
    await cluster.patch(
      kinds.validatingWebhookConfiguration,
      { name: found.metadata.name },
      'merge',
      { ...trusted(options), webhooks: wanted.webhooks },
    )
}

function clientConfig({ place, trust }: Registering, path: string): object {
  const caBundle =
    trust.kind === 'bundle' ? { caBundle: Buffer.from(trust.pem()).toString('base64') } : {}
  if (place.kind === 'url') return { url: `${place.url.replace(/\/+$/, '')}${path}`, ...caBundle }
  const { namespace, name, port } = place
  return { service: { namespace, name, port, path }, ...caBundle }
}

function trusted({ trust }: Registering): object {
  return trust.kind === 'injected' ? { metadata: { annotations: { [injection]: trust.from } } } : {}
}

function isTrusted({ trust }: Registering, { metadata }: KubeObject): boolean {
  return trust.kind === 'bundle' || metadata.annotations?.[injection] === trust.from
}

function configurationOf(options: Registering, door: Door, validation: Validation): Configuration {
  const { group, plural, namespaced } = door.kind
  const webhook = {
    name: validation.webhook,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Fail',
    timeoutSeconds: 10,
    rules: [
      {
        apiGroups: [group],
        apiVersions: [...validation.versions],
        operations: ['CREATE', 'UPDATE'],
        resources: [plural],
        scope: namespaced ? 'Namespaced' : 'Cluster',
      },
    ],
    clientConfig: clientConfig(options, '/validate'),
  }
  const { trust } = options
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: {
      name: validation.configuration,
      labels: { 'app.kubernetes.io/managed-by': 'headgate' },
      ...(trust.kind === 'injected' ? { annotations: { [injection]: trust.from } } : {}),
    },
    webhooks: [webhook],
  }
}

/** Whether all that is wanted stands there; the server may have added defaults. */
function isWithin(wanted: unknown, found: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return wanted === found
  if (typeof found !== 'object' || found === null) return false
  if (Array.isArray(wanted) && (found as readonly unknown[]).length !== wanted.length) return false
  return Object.entries(wanted).every(([key, value]) =>
    isWithin(value, (found as Readonly<Record<string, unknown>>)[key]),
  )
}
