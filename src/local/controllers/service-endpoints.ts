/** Which pods stand behind a Service, on which ports and in which condition: pure, shared by slices and Endpoints. */

import { isReady } from './pods.ts'
import type { Pod, Service, SliceEndpoint, SlicePort } from './shapes.ts'

/** One pod as an endpoint, with the ports its containers give to the Service's. */
export type Backend = {
  readonly pod: Pod
  readonly ip: string
  readonly ports: readonly SlicePort[]
  readonly endpoint: SliceEndpoint
}

export const lastChangeTrigger = 'endpoints.kubernetes.io/last-change-trigger-time'
export const headlessLabel = 'service.kubernetes.io/headless'

/** The pods of a Service that have an address and are not finished, terminating ones included. */
export function backendsOf(
  service: Service,
  pods: readonly Pod[],
  nodeKnown: (name: string) => boolean,
): readonly Backend[] {
  return pods.flatMap((pod) => {
    const ip = pod.status?.podIP ?? ''
    const phase = pod.status?.phase
    if (ip === '' || phase === 'Succeeded' || phase === 'Failed') return []
    const node = pod.spec.nodeName ?? ''
    if (node !== '' && !nodeKnown(node)) return []
    return [{ pod, ip, ports: portsOf(service, pod), endpoint: endpointOf(service, pod, ip) }]
  })
}

export function isHeadless({ spec }: Service): boolean {
  return spec.clusterIP === 'None'
}

function endpointOf(service: Service, pod: Pod, ip: string): SliceEndpoint {
  const serving = isReady(pod)
  const terminating = pod.metadata.deletionTimestamp !== undefined
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating)
  const { name, namespace, uid } = pod.metadata
  const hostname =
    pod.spec.hostname !== undefined && pod.spec.subdomain === service.metadata.name
      ? pod.spec.hostname
      : undefined
  return {
    addresses: [ip],
    conditions: { ready, serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: {
      kind: 'Pod',
      ...(namespace === undefined ? {} : { namespace }),
      name,
      ...(uid === undefined ? {} : { uid }),
    },
  }
}

// A port whose name no container knows is left out, as the real controller does.
function portsOf(service: Service, pod: Pod): readonly SlicePort[] {
  return (service.spec.ports ?? []).flatMap((port) => {
    const protocol = port.protocol ?? 'TCP'
    const target = containerPort(pod, port.targetPort ?? port.port, protocol, port.port)
    if (target === undefined) return []
    return [
      {
        name: port.name ?? '',
        port: target,
        protocol,
        ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
      },
    ]
  })
}

function containerPort(
  pod: Pod,
  target: number | string,
  protocol: string,
  fallback: number,
): number | undefined {
  if (typeof target === 'number') return target === 0 ? fallback : target
  if (target === '') return fallback
  for (const { ports = [] } of pod.spec.containers) {
    for (const port of ports) {
      if (port.name === target && (port.protocol ?? 'TCP') === protocol) return port.containerPort
    }
  }
  return undefined
}
