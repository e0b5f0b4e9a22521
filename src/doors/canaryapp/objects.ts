/** What stands around the Deployments of a CanaryApp: its Service, and the objects by which Istio splits its traffic. */
import { ownerOf } from '#core/api/identity.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { ServicePort } from '#core/k8s/workloads.ts'
import { type CanaryApp, namesOf, podLabels, podTemplate } from './canary-app.ts'

/** Where the cluster serves another version, that one is written. */
const istio = 'networking.istio.io/v1'

/** The Service's: that of the image, and further ones that the container has by name. */
export function servicePorts(app: CanaryApp): readonly ServicePort[] {
  const { imageListenPort } = app.spec
  const [main] = podTemplate(app, app.spec.image).spec.containers
  const others = (main?.ports ?? []).flatMap(({ name, containerPort: port }) =>
    name === undefined || port === imageListenPort ? [] : [{ name, port, targetPort: name }],
  )
  return [{ name: 'http', port: imageListenPort, targetPort: 'http' }, ...others]
}

/** Under which hosts it is reached from outside the mesh. */
export function hostsOf({ spec }: CanaryApp): readonly string[] {
  return spec.hosts ?? ['*']
}

/** In the order in which they are made: VirtualServices, DestinationRule, Gateway. */
export function meshObjects(app: CanaryApp): readonly KubeObject[] {
  const { name } = app.metadata
  const hosts = hostsOf(app)
  const route = routeOf(app)
  return [
    made(app, 'VirtualService', name, { hosts, gateways: [name], http: [{ match: [{}], route }] }),
    // Who asks from inside the mesh asks for the Service, and by no gateway.
    made(app, 'VirtualService', namesOf(name).mesh, {
      hosts: [name],
      gateways: ['mesh'],
      http: [{ route }],
    }),
    made(app, 'DestinationRule', name, {
      host: name,
      subsets: (['primary', 'secondary'] as const).map((subset) => ({
        name: subset,
        labels: { app: name, ...podLabels(name)[subset] },
      })),
    }),
    made(app, 'Gateway', name, {
      selector: { istio: 'ingressgateway' },
      servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts }],
    }),
  ]
}

function routeOf({ metadata, spec }: CanaryApp): readonly object[] {
  const to = (subset: string, weight: number): object => ({
    destination: { host: metadata.name, subset, port: { number: spec.imageListenPort } },
    weight,
  })
  return [to('primary', 100), to('secondary', 0)]
}

function made(app: CanaryApp, kind: string, name: string, spec: object): KubeObject {
  const namespace = app.metadata.namespace ?? 'default'
  const metadata = { name, namespace, ownerReferences: [ownerOf(app, kinds.canaryApp)] }
  return { apiVersion: istio, kind, metadata, spec } as KubeObject
}
