/** The objects that run Headgate: Deployment, Services, and what keeps them up and apart from others. */
import { type Feature, type Port, portsOf } from './features.ts'
import { healthPort, labelsOf, type Manifest, type Names, user, version } from './names.ts'

export type Size = { readonly requests: object; readonly limits: object }

/**
 * By docs/benchmarks.md: 83 MiB over 1,000 releases at rest, 170 MiB at the height of installing them. No limit of CPU:
 * who is throttled while it renews its lease loses it.
 */
export const usualSize: Size = {
  requests: { cpu: '50m', memory: '128Mi' },
  limits: { memory: '384Mi' },
}

export type Workload = {
  readonly names: Names
  readonly features: readonly Feature[]
  readonly size?: Size
  /** Beside those of all installations. */
  readonly env?: readonly object[]
}

/** By which pods are told apart, the same on every kind of installation. */
const ofPods = { 'app.kubernetes.io/component': 'controller' }

const fieldOf = (name: string, fieldPath: string): object => ({
  name,
  valueFrom: { fieldRef: { fieldPath } },
})

const probe = (path: string, more: object = {}): object => ({
  httpGet: { path, port: 'http' },
  ...more,
})

/** As the Pod Security level restricted asks, and a root that cannot be written. */
const confined = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
}

function container({ names, features, size = usualSize, env = [] }: Workload): object {
  return {
    name: names.container,
    image: `headgate:${version}`,
    args: [
      'controller',
      `--health-address=0.0.0.0:${healthPort}`,
      '--doors=headgate',
      ...features.flatMap(({ args }) => args.map((arg) => called(arg, names))),
    ],
    env: [
      fieldOf('POD_NAME', 'metadata.name'),
      fieldOf('POD_NAMESPACE', 'metadata.namespace'),
      { name: 'MALLOC_ARENA_MAX', value: '1' },
      ...features.flatMap((feature) => feature.env),
      ...env,
    ],
    ports: [{ name: 'http', containerPort: healthPort }, ...portsOf(features).map(containerPort)],
    startupProbe: probe('/healthz', { periodSeconds: 1, failureThreshold: 60 }),
    livenessProbe: probe('/healthz', { periodSeconds: 10, failureThreshold: 6 }),
    readinessProbe: probe('/readyz', { periodSeconds: 5 }),
    resources: size,
    securityContext: confined,
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }, ...features.flatMap(({ mounts }) => mounts)],
  }
}

/** Webhooks are called at the Service, however that is called here. */
function called(arg: string, { service }: Names): string {
  return arg.replace('$(POD_NAMESPACE)/headgate', `$(POD_NAMESPACE)/${service}`)
}

export function containerPort({ name, port }: Port): object {
  return { name, containerPort: port }
}

export function deployment(given: Workload): Manifest {
  const { names, features } = given
  const labels = { ...names.selector, ...ofPods }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: names.deployment, namespace: names.namespace, labels: labelsOf(names) },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels: { ...labelsOf(names), ...labels } },
        spec: {
          serviceAccountName: names.account,
          automountServiceAccountToken: true,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: user,
            runAsGroup: user,
            fsGroup: user,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: labels },
            },
          ],
          containers: [container(given)],
          volumes: [
            // Occurrences of the KULTA door are written here; nothing else is.
            { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } },
            ...features.flatMap(({ volumes }) => volumes),
          ],
        },
      },
    },
  }
}

export type ServicePort = {
  readonly name: string
  readonly port: number
  readonly targetPort: string
}

export function servicePorts(features: readonly Feature[]): readonly ServicePort[] {
  return servicePortsOf(portsOf(features))
}

export function servicePortsOf(ports: readonly Port[]): readonly ServicePort[] {
  return [
    { name: 'http', port: healthPort, targetPort: 'http' },
    ...ports.map(({ name, port }) => ({ name, port, targetPort: name })),
  ]
}

export function service(
  { names, features }: Workload,
  ports: readonly ServicePort[] = servicePorts(features),
): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: names.service, namespace: names.namespace, labels: labelsOf(names) },
    spec: { selector: { ...names.selector, ...ofPods }, ports },
  }
}

/** What else keeps it running and apart: no token for pods that do not ask, one replica always up, few ways in and out. */
export function around({ names, features }: Workload): readonly Manifest[] {
  const metadata = { name: names.deployment, namespace: names.namespace, labels: labelsOf(names) }
  const matchLabels = { ...names.selector, ...ofPods }
  return [
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { ...metadata, name: names.account },
      automountServiceAccountToken: false,
    },
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata,
      spec: { maxUnavailable: 1, selector: { matchLabels } },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata,
      spec: {
        podSelector: { matchLabels },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ ports: [tcp('http'), ...portsOf(features).map(policyPort)] }],
        egress,
      },
    },
  ]
}

const tcp = (port: number | string): object => ({ protocol: 'TCP', port })

export function policyPort({ name }: Port): object {
  return tcp(name)
}

const egress = [
  // Names.
  { ports: [{ protocol: 'UDP', port: 53 }, tcp(53)] },
  // The API server, whose address no selector names, and metrics outside of the cluster.
  { ports: [tcp(443), tcp(6443)] },
  // Prometheus, and pods that are asked for their health.
  { to: [{ namespaceSelector: {} }] },
]

export function namespace(names: Names): Manifest {
  const level = 'pod-security.kubernetes.io'
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: names.namespace,
      labels: {
        ...labelsOf(names),
        [`${level}/enforce`]: 'restricted',
        [`${level}/warn`]: 'restricted',
      },
    },
  }
}
