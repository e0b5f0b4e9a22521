/** Whether the API server can ask the webhooks that it is told to ask. */
import { X509Certificate } from 'node:crypto'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cluster } from '#kube/cluster.ts'
import { orUndefined } from '#releases/entry.ts'
import { type Check, type Examined, type Finding, ok, warning, wrong } from './finding.ts'

type ClientConfig = {
  readonly caBundle?: string
  readonly url?: string
  readonly service?: { readonly namespace: string; readonly name: string }
}
type Definition = KubeObject & {
  readonly spec?: {
    readonly conversion?: { readonly webhook?: { readonly clientConfig?: ClientConfig } }
  }
}
type EndpointSlice = KubeObject & {
  readonly endpoints?: readonly { readonly conditions?: { readonly ready?: boolean } }[]
}
type Configuration = KubeObject & {
  readonly webhooks?: readonly { readonly clientConfig?: ClientConfig }[]
}

export const webhooks: Check = {
  name: 'webhooks',
  examine: async (examined) => {
    const asked = await askedFor(examined)
    const found = await Promise.all(
      asked.map(async ([about, client]) => await findingOf(examined, about, client)),
    )
    return found
  },
}

type Asked = readonly (readonly [about: string, client: ClientConfig])[]

async function askedFor({ cluster, doors }: Examined): Promise<Asked> {
  const lists = await Promise.all(
    doors.map(async ({ kind, conversion, validation }): Promise<Asked> => {
      const name = `${kind.plural}.${kind.group}`
      const definition =
        conversion &&
        (await orUndefined(cluster.get<Definition>(kinds.customResourceDefinition, { name })))
      const configuration =
        validation &&
        (await orUndefined(
          cluster.get<Configuration>(kinds.validatingWebhookConfiguration, {
            name: validation.configuration,
          }),
        ))
      const converting = definition?.spec?.conversion?.webhook?.clientConfig
      return [
        ...(converting === undefined ? [] : [[`conversion of ${name}`, converting] as const]),
        ...(configuration?.webhooks ?? []).flatMap(({ clientConfig }) =>
          clientConfig === undefined
            ? []
            : [
                [
                  `ValidatingWebhookConfiguration ${configuration?.metadata.name}`,
                  clientConfig,
                ] as const,
              ],
        ),
      ]
    }),
  )
  return lists.flat()
}

async function findingOf(
  { cluster, now }: Examined,
  about: string,
  { caBundle, service, url }: ClientConfig,
): Promise<Finding> {
  const ends = endOf(caBundle)
  const start = 'start the controller with --webhook-address, or take the configuration away'
  if (ends === undefined) return wrong(about, 'its caBundle holds no certificate', start)
  if (ends < now) return wrong(about, 'the authority that it trusts is out of date', start)
  if (service === undefined) return ok(about, `asks ${url ?? 'nobody'}`)
  const { namespace, name } = service
  const ready = await readyBehind(cluster, namespace, name)
  if (ready === 0)
    return wrong(
      about,
      `Service ${namespace}/${name} has no ready pod: each write of such an object fails`,
      start,
    )
  const days = Math.floor((ends - now) / 86_400_000)
  const says = `${ready} ready behind Service ${namespace}/${name}; the authority is good for ${days} days`
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
