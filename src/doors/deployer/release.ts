/** From a deployment to the Release that carries it: blue-green, one workload for each version, under the version's name. */
import type { Release, ReleaseSpec } from '#core/api/release.ts'
import { formatDuration } from '#core/time.ts'
import type { Descriptor } from './descriptor.ts'
import { annotations, labels, ofDoor, versionedName } from './names.ts'
import { podTemplate, type Variable, versionLabels } from './template.ts'

export type ReleaseSettings = {
  readonly workloads: 'ReplicaSet' | 'ReplicationController'
  /** The old version's pods stay for so long after the switch, to finish what they began. */
  readonly drainMs: number
  /** Far beyond all limits of a deployment: it is the deployment's own limits that end it. */
  readonly deadlineMs: number
}

export type Deployed = {
  readonly id: string
  readonly descriptor: Descriptor
  readonly version: string
  readonly injected: readonly Variable[]
  /** When it began, milliseconds. */
  readonly at: number
}

export function releaseSpec(
  { id, descriptor, version, injected, at }: Deployed,
  { workloads, drainMs, deadlineMs }: ReleaseSettings,
): ReleaseSpec {
  const { appName, replicas } = descriptor
  return {
    replicas,
    revision: version,
    selector: { matchLabels: { app: appName } },
    template: podTemplate(descriptor, version, injected),
    workloads: {
      kind: workloads,
      labels: versionLabels(descriptor, '{revision}'),
      annotations: workloadAnnotations(descriptor, { id, version, at }),
      history: 0,
    },
    services: { stable: appName, candidate: versionedName(appName, version) },
    traffic: { router: 'service' },
    strategy: { blueGreen: { scaleDownDelay: formatDuration(drainMs) } },
    progressDeadline: formatDuration(deadlineMs),
    // Promotion is the deployment's own matter: the front has to follow first.
    actions: { allow: ['pause', 'resume', 'abort'], instead: 'the deployer' },
  }
}

/** A42. */
function workloadAnnotations(
  descriptor: Descriptor,
  { id, version, at }: Pick<Deployed, 'id' | 'version' | 'at'>,
): Readonly<Record<string, string>> {
  const { appName, useHealthCheck, healthCheckPath, healthCheckPort, healthCheckType, frontend } =
    descriptor
  const said = {
    deploymentTs: String(at),
    deploymentId: id,
    appName,
    version,
    useHealthCheck,
    healthCheckPath,
    healthCheckPort,
    healthCheckType,
    frontend,
  }
  return Object.fromEntries(
    Object.entries(said).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, String(value)] as const],
    ),
  )
}

/** What we remember on the Release of the spec that was asked for, or that served before. */
export type Remembered = {
  readonly deployment: string
  readonly version: string
  readonly spec: ReleaseSpec
}

export function release(
  { namespace, appName }: Descriptor,
  asked: Remembered,
  serving: Remembered | undefined,
): Release {
  return {
    apiVersion: 'headgate.dev/v1alpha1',
    kind: 'Release',
    metadata: {
      name: appName,
      namespace,
      labels: { ...ofDoor, [labels.app]: appName, app: appName },
      annotations: {
        [annotations.deployment]: asked.deployment,
        [annotations.asked]: JSON.stringify(asked),
        ...(serving === undefined ? {} : { [annotations.serving]: JSON.stringify(serving) }),
      },
    },
    spec: asked.spec,
  }
}

export function askedOf({ metadata }: Release): Remembered | undefined {
  return parsed(metadata.annotations?.[annotations.asked])
}

export function servingOf({ metadata }: Release): Remembered | undefined {
  return parsed(metadata.annotations?.[annotations.serving])
}

function parsed(text: string | undefined): Remembered | undefined {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as Remembered
  } catch {
    return undefined
  }
}
