/** What the original leaves in a cluster, for tests: objects as it made them, and a status as it wrote it. */
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { CanaryApp, CanaryAppStatus } from '#doors/canaryapp/canary-app.ts'
import type { Cluster } from '#kube/cluster.ts'
import { image, sample } from './sample.ts'

const istio = (kind: string, plural: string): Kind => ({
  group: 'networking.istio.io',
  version: 'v1alpha3',
  kind,
  plural,
  namespaced: true,
})

export type Left = {
  readonly name: string
  readonly host: string
  readonly primary: string
  readonly secondary?: string
  readonly weight: number
  readonly spec: Partial<CanaryApp['spec']>
  readonly status: Partial<CanaryAppStatus>
}

/** The image that the CanaryApp asks for is the secondary's, else the primary's. */
export async function leave(cluster: Cluster, left: Left): Promise<void> {
  const { name, primary, secondary, weight } = left
  const { apiVersion, kind, spec } = sample(
    { image: image(secondary ?? primary), ...left.spec },
    { name },
  )
  const metadata = { name, namespace: 'default' }
  const app = await cluster.create<CanaryApp>(kinds.canaryApp, { apiVersion, kind, metadata, spec })
  const owner = {
    apiVersion,
    kind,
    name,
    uid: app.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
  const made = { ...metadata, ownerReferences: [owner] }
  const to = (subset: string, share: number): object => ({
    destination: { host: name, subset, port: { number: 8088 } },
    weight: share,
  })
  const objects: readonly (readonly [Kind, object])[] = [
    [
      istio('VirtualService', 'virtualservices'),
      {
        hosts: [left.host],
        gateways: [name],
        http: [{ match: [{}], route: [to('primary', 100 - weight), to('secondary', weight)] }],
      },
    ],
    [
      istio('DestinationRule', 'destinationrules'),
      {
        host: name,
        subsets: ['primary', 'secondary'].map((service) => ({
          name: service,
          labels: { app: name, service },
        })),
      },
    ],
    [
      istio('Gateway', 'gateways'),
      {
        selector: { istio: 'ingressgateway' },
        servers: [{ hosts: [left.host], port: { number: 80, name: 'http', protocol: 'HTTP' } }],
      },
    ],
    [kinds.service, { ports: [{ port: 8088, name: 'http' }], selector: { app: name } }],
  ]
  for (const [one, its] of objects) {
    const group = one.group === '' ? one.version : `${one.group}/${one.version}`
    const object = { apiVersion: group, kind: one.kind, metadata: made, spec: its }
    await cluster.create(one, object as KubeObject)
  }
  await deploy(cluster, name, made, { service: 'primary', tag: primary, replicas: 2 })
  if (secondary !== undefined)
    await deploy(cluster, name, made, { service: 'secondary', tag: secondary, replicas: 1 })
  await cluster.patch(
    kinds.canaryApp,
    metadata,
    'merge',
    { status: left.status },
    { subresource: 'status' },
  )
}

async function deploy(
  cluster: Cluster,
  name: string,
  made: KubeObject['metadata'],
  { service, tag, replicas }: { service: string; tag: string; replicas: number },
): Promise<void> {
  const own = { app: name, owner: 'canaryop', service }
  const ports = [{ containerPort: 8088, name: 'http' }]
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...made, name: `${name}-${service}` },
    spec: {
      replicas,
      selector: { matchLabels: own },
      template: {
        metadata: { labels: own },
        spec: { containers: [{ image: image(tag), name, ports }] },
      },
    },
  }
  await cluster.create(kinds.deployment, object as KubeObject)
}
