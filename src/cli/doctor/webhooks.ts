/** Whether the API server can ask the webhooks that it is told to ask. */
import { X509Certificate } from 'node:crypto'
import type {
  CustomResourceDefinition,
  WebhookClientConfig,
  WebhookConfiguration,
} from '#core/k8s/definition.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Door } from '#doors/door.ts'
import type { Cluster } from '#kube/cluster.ts'
import { orUndefined } from '#releases/entry.ts'
import { type Check, type Examined, type Finding, ok, warning, wrong } from './finding.ts'
import { hasWebhooks } from './parts.ts'
import { type Answer, askForConversion, askForValidation } from './webhook-answers.ts'

type EndpointSlice = KubeObject & {
  readonly endpoints?: readonly { readonly conditions?: { readonly ready?: boolean } }[]
}

/** Whom the API server is told to ask, undefined for nobody, and how it can be made to do so now. */
type Asked = {
  readonly about: string
  readonly client: WebhookClientConfig | undefined
  readonly ask: () => Promise<Answer>
}

export const webhooks: Check = {
  name: 'webhooks',
  examine: async (examined) => {
    const found = await Promise.all(examined.doors.map((door) => findingsOf(examined, door)))
    return found.flat()
  },
}

async function findingsOf(examined: Examined, door: Door): Promise<readonly Finding[]> {
  const { installed } = examined
  const asked = [...(await conversionOf(examined, door)), ...(await validationOf(examined, door))]
  const found = await Promise.all(
    asked.map(async ({ about, client, ask }) => {
      if (client !== undefined) return [await findingOf(examined, { about, client, ask })]
      return installed !== undefined && hasWebhooks(installed) ? [unregistered(about)] : []
    }),
  )
  return found.flat()
}

async function conversionOf({ cluster }: Examined, door: Door): Promise<readonly Asked[]> {
  const { kind, conversion } = door
  if (conversion === undefined) return []
  const name = `${kind.plural}.${kind.group}`
  const definition = await orUndefined(
    cluster.get<CustomResourceDefinition>(kinds.customResourceDefinition, { name }),
  )
  if (definition === undefined) return []
  const client = definition.spec.conversion?.webhook?.clientConfig
  const ask = () => askForConversion(cluster, definition)
  return [{ about: `conversion of ${name}`, client, ask }]
}

async function validationOf(examined: Examined, door: Door): Promise<readonly Asked[]> {
  const { cluster, installed } = examined
  const { kind, validation } = door
  if (validation === undefined) return []
  const name = validation.configuration
  const configuration = await orUndefined(
    cluster.get<WebhookConfiguration>(kinds.validatingWebhookConfiguration, { name }),
  )
  const namespace = installed?.namespace ?? 'default'
  const ask = () => askForValidation(cluster, { kind, validation, namespace })
  const about = `ValidatingWebhookConfiguration ${name}`
  const clients = configuration?.webhooks?.map(({ clientConfig }) => clientConfig) ?? [undefined]
  return clients.map((client) => ({ about, client, ask }))
}

function unregistered(about: string): Finding {
  return warning(
    about,
    'the controller is told to serve it, and the API server is not told to ask',
    "see the controller's log: it registers its webhooks when it starts, with the rights of the part kulta-webhooks",
  )
}

async function findingOf(
  { cluster, now }: Examined,
  { about, client, ask }: Asked & { readonly client: WebhookClientConfig },
): Promise<Finding> {
  const { caBundle, service, url } = client
  const ends = endOf(caBundle)
  const start = 'start the controller with --webhook-address, or take the configuration away'
  if (ends === undefined) return wrong(about, 'its caBundle holds no certificate', start)
  if (ends < now) return wrong(about, 'the authority that it trusts is out of date', start)
  const ready =
    service === undefined ? undefined : await readyBehind(cluster, service.namespace, service.name)
  const place =
    service === undefined ? (url ?? 'nobody') : `Service ${service.namespace}/${service.name}`
  if (ready === 0)
    return wrong(about, `${place} has no ready pod: each write of such an object fails`, start)
  const answer = await ask()
  if (answer.kind === 'fails')
    return wrong(
      about,
      answer.why,
      `see that ${place} is reached from the API server, and that its caBundle is that of the certificates there; the controller writes its own when it starts`,
    )
  const days = Math.floor((ends - now) / 86_400_000)
  const behind = ready === undefined ? place : `${ready} ready behind ${place}`
  const says = `${behind}; the authority is good for ${days} days; ${
    answer.kind === 'answers' ? 'the API server asks and is answered' : answer.why
  }`
  return days < 14
    ? warning(about, says, 'the controller renews its own; one that you brought, renew it')
    : ok(about, says)
}

function endOf(caBundle = ''): number | undefined {
  try {
    return new X509Certificate(Buffer.from(caBundle, 'base64')).validToDate.getTime()
  } catch {
    return undefined
  }
}

async function readyBehind(cluster: Cluster, namespace: string, name: string): Promise<number> {
  const labelSelector = `kubernetes.io/service-name=${name}`
  const slices = await orUndefined(
    cluster.list<EndpointSlice>(kinds.endpointSlice, { namespace, labelSelector }),
  )
  const endpoints = (slices?.items ?? []).flatMap((slice) => slice.endpoints ?? [])
  return endpoints.filter(({ conditions }) => conditions?.ready !== false).length
}
