/** The Service of a role, where its users did not write one. */
import type { ObjectRef } from '../k8s/meta.ts'
import type { Container, Service } from '../k8s/workloads.ts'
import type { App } from '../model/app.ts'
import type { RoleName } from '../model/weights.ts'
import { isObject } from '../schema/json.ts'
import { isShared, labels, managedBy, tellingLabels } from './names.ts'
import { filled } from './text.ts'

export function serviceRef(app: App, name: string): ObjectRef {
  return { apiVersion: 'v1', kind: 'Service', namespace: app.namespace, name }
}

/** Ports follow the route; each leads to the container port of the same number, else to the first one. */
export function service(
  app: App,
  role: RoleName,
  revision: string,
  ports: readonly number[],
): Service {
  const name = app.services[role] as string
  const made = app.made?.service
  const words = { release: app.name, service: name, role, revision }
  const own = { [labels.release]: app.name, [labels.role]: role, [labels.managedBy]: managedBy }
  const telling = {
    ...app.selector,
    ...(isShared(app, role) ? {} : tellingLabels(app, role, revision)),
  }
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: app.namespace,
      labels: { ...filled(made?.labels, words), ...own },
      ownerReferences: [app.owner],
    },
    spec: {
      selector: made?.selector === undefined ? telling : filled(made.selector, words),
      ports:
        made?.ports ??
        ports.map((port) => ({ name: `http-${port}`, port, targetPort: targetPort(app, port) })),
    },
  }
}

function targetPort(app: App, port: number): number {
  // Nobody has checked these yet: the workload that they are part of may still be refused.
  const ports = app.template.spec.containers
    .flatMap((container: Container) => container.ports ?? [])
    .filter((one: unknown): one is { containerPort: number } => isObject(one))
  const same = ports.find(({ containerPort }) => containerPort === port)
  return (same ?? ports[0])?.containerPort ?? port
}
