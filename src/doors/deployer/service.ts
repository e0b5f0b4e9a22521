/** The two Services of an application: the one that stays, and the one of each version (A40, A41, A43). */
import type { Labels } from '#core/k8s/meta.ts'
import type { PodTemplate, Service, ServicePort } from '#core/k8s/workloads.ts'
import { labels as engine } from '#core/render/names.ts'
import type { Descriptor } from './descriptor.ts'
import { held, labels, ofDoor, versionedName } from './names.ts'
import { versionLabels } from './template.ts'

type Port = {
  readonly name?: string
  readonly containerPort: number
  readonly protocol?: string
}

/** A47: what is assumed where no container has a port. */
const assumedPort = 9999

function portsOf({ podspec }: { readonly podspec: PodTemplate['spec'] }): readonly Port[] {
  const all = podspec.containers.flatMap(({ ports }) => (ports ?? []) as readonly Port[])
  const distinct = all.filter(
    ({ containerPort }, index) =>
      all.findIndex((other) => other.containerPort === containerPort) === index,
  )
  return distinct.length > 0 ? distinct : [{ containerPort: assumedPort }]
}

/** Same number outside and inside, TCP unless the container says otherwise. */
export function versionedService(descriptor: Descriptor, version: string): Service {
  const { appName, namespace } = descriptor
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: versionedName(appName, version),
      namespace,
      labels: { ...versionLabels(descriptor, version), [labels.app]: appName },
    },
    spec: {
      ...plain,
      selector: { app: appName, [engine.revision]: version },
      ports: portsOf(descriptor).map((port) => servicePort(port, port.containerPort)),
    },
  }
}

/** Named ports are reached by their names, so that they may have another number in the next version. */
export function stayingService(descriptor: Descriptor, version: string): Service {
  const { appName, namespace } = descriptor
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: appName,
      namespace,
      labels: { app: appName, name: appName, persistent: 'true', ...ofDoor, [labels.app]: appName },
    },
    spec: {
      ...plain,
      selector: { app: appName, [engine.revision]: version, [held]: 'true' },
      ports: stayingPorts(descriptor),
    },
  }
}

export function stayingPorts(descriptor: Descriptor): readonly ServicePort[] {
  return portsOf(descriptor).map((port) => servicePort(port, port.name ?? port.containerPort))
}

/**
 * Ports with which old pods and new ones are reached alike, for the moment of the switch: those that are there, and
 * those that come, each number once and each name once.
 */
export function bridged(
  before: readonly ServicePort[],
  after: readonly ServicePort[],
): readonly ServicePort[] {
  const names = new Set(before.map(({ name }) => name))
  const coming = after
    .filter(({ port }) => !before.some((one) => one.port === port))
    .map((one) => (names.has(one.name) ? { ...one, name: `port-${one.port}` } : one))
  return [...before, ...coming]
}

const plain: { readonly type: string; readonly sessionAffinity: string } = {
  type: 'ClusterIP',
  sessionAffinity: 'None',
}

function servicePort(
  { name, containerPort, protocol = 'TCP' }: Port,
  targetPort: number | string,
): ServicePort {
  return { name: name ?? `port-${containerPort}`, port: containerPort, targetPort, protocol }
}

/** A57: where the front sends to: the first port that is not for health checks. */
export function frontPort(descriptor: Descriptor): number {
  const ports = portsOf(descriptor)
  return (
    (ports.find(({ name }) => name !== 'healthcheck') ?? ports[0])?.containerPort ?? assumedPort
  )
}

/** What the engine and we agree on: the selector of a Service without the key that keeps it closed. */
export function opened(selector: Labels): Labels {
  const { [held]: _key, ...rest } = selector
  return rest
}
