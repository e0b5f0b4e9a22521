/** Every built-in kind that people use, through its whole life: the same rows of requests for each. */
import {
  apply,
  asTable,
  type Case,
  cases,
  get,
  type Json,
  merge,
  post,
  put,
  remove,
  type Step,
  watch,
} from '../case.ts'

type Kind = {
  readonly collection: string
  readonly object: Json & { readonly metadata: Json }
  /** A merge patch that changes it. */
  readonly change: Json
  /** A merge patch of its status, where it has one. */
  readonly status?: Json
  /** A value of a wrong type somewhere. */
  readonly wrong: Json
}

const template: Json = {
  metadata: { labels: { app: 'a' } },
  spec: { containers: [{ name: 'app', image: 'app:1', ports: [{ containerPort: 80 }] }] },
}
const selector: Json = { matchLabels: { app: 'a' } }

function kind(
  apiVersion: string,
  name: string,
  plural: string,
  rest: Omit<Kind, 'collection' | 'object'> & { object?: Json; wide?: boolean },
): Kind {
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
  const { object = {}, wide = false, ...others } = rest
  return {
    ...others,
    collection: wide ? `${root}/${plural}` : `${root}/namespaces/$ns/${plural}`,
    object: { apiVersion, kind: name, metadata: { name: wide ? '$id' : 'x' }, ...object },
  }
}

const kinds: readonly Kind[] = [
  kind('v1', 'ConfigMap', 'configmaps', {
    object: { data: { a: '1' } },
    change: { data: { b: '2' } },
    wrong: { data: { a: 1 } },
  }),
  kind('v1', 'Secret', 'secrets', {
    object: { stringData: { a: 'text' } },
    change: { data: { b: 'Yg==' } },
    wrong: { data: { a: 'no base64!' } },
  }),
  kind('v1', 'Service', 'services', {
    object: { spec: { selector: { app: 'a' }, ports: [{ port: 80 }] } },
    change: { spec: { selector: { app: 'b' } } },
    status: { status: { loadBalancer: { ingress: [{ ip: '198.51.100.9' }] } } },
    wrong: { spec: { ports: [{ port: 'http' }] } },
  }),
  kind('v1', 'Endpoints', 'endpoints', {
    object: { subsets: [{ addresses: [{ ip: '198.51.100.7' }], ports: [{ port: 80 }] }] },
    change: { subsets: [] },
    wrong: { subsets: {} },
  }),
  kind('v1', 'Pod', 'pods', {
    object: { spec: { containers: [{ name: 'app', image: 'app:1' }] } },
    change: { metadata: { labels: { a: 'b' } } },
    status: { status: { phase: 'Running', podIP: '198.51.100.8' } },
    wrong: { spec: { containers: 'none' } },
  }),
  kind('v1', 'ServiceAccount', 'serviceaccounts', {
    change: { automountServiceAccountToken: false },
    wrong: { automountServiceAccountToken: 'no' },
  }),
  kind('v1', 'ReplicationController', 'replicationcontrollers', {
    object: { spec: { selector: { app: 'a' }, template } },
    change: { spec: { replicas: 3 } },
    status: { status: { replicas: 1 } },
    wrong: { spec: { replicas: 'two' } },
  }),
  kind('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', {
    object: {
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
    change: { metadata: { labels: { a: 'b' } } },
    status: { status: { phase: 'Bound' } },
    wrong: { spec: { accessModes: 'all' } },
  }),
  kind('v1', 'PodTemplate', 'podtemplates', {
    object: { template },
    change: { metadata: { labels: { a: 'b' } } },
    wrong: { template: [] },
  }),
  kind('v1', 'LimitRange', 'limitranges', {
    object: { spec: { limits: [{ type: 'Container', default: { cpu: '100m' } }] } },
    change: { spec: { limits: [{ type: 'Container', default: { cpu: '200m' } }] } },
    wrong: { spec: { limits: {} } },
  }),
  kind('v1', 'ResourceQuota', 'resourcequotas', {
    object: { spec: { hard: { pods: '10' } } },
    change: { spec: { hard: { pods: '12' } } },
    status: { status: { used: { pods: '1' } } },
    wrong: { spec: { hard: [] } },
  }),
  kind('v1', 'Namespace', 'namespaces', {
    wide: true,
    change: { metadata: { labels: { a: 'b' } } },
    status: { status: { conditions: [{ type: 'Odd', status: 'True' }] } },
    wrong: { spec: { finalizers: 'none' } },
  }),
  kind('v1', 'Node', 'nodes', {
    wide: true,
    change: { spec: { unschedulable: true } },
    status: { status: { capacity: { cpu: '2' } } },
    wrong: { spec: { taints: {} } },
  }),
  kind('v1', 'PersistentVolume', 'persistentvolumes', {
    wide: true,
    object: {
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        hostPath: { path: '/tmp/none' },
      },
    },
    change: { spec: { storageClassName: 'slow' } },
    status: { status: { phase: 'Released' } },
    wrong: { spec: { capacity: 'much' } },
  }),
  kind('apps/v1', 'Deployment', 'deployments', {
    object: { spec: { selector, template } },
    change: { spec: { replicas: 3 } },
    status: { status: { replicas: 1, observedGeneration: 1 } },
    wrong: { spec: { replicas: 'two' } },
  }),
  kind('apps/v1', 'ReplicaSet', 'replicasets', {
    object: { spec: { selector, template } },
    change: { spec: { replicas: 3 } },
    status: { status: { replicas: 1 } },
    wrong: { spec: { selector: 'app=a' } },
  }),
  kind('apps/v1', 'StatefulSet', 'statefulsets', {
    object: { spec: { selector, template, serviceName: 's' } },
    change: { spec: { replicas: 3 } },
    status: { status: { replicas: 1 } },
    wrong: { spec: { serviceName: 5 } },
  }),
  kind('apps/v1', 'DaemonSet', 'daemonsets', {
    object: { spec: { selector, template } },
    change: { spec: { minReadySeconds: 3 } },
    status: { status: { numberReady: 1 } },
    wrong: { spec: { minReadySeconds: '3' } },
  }),
  kind('apps/v1', 'ControllerRevision', 'controllerrevisions', {
    object: { revision: 1, data: { a: { b: 'c' } } },
    change: { revision: 2 },
    wrong: { revision: 'first' },
  }),
  kind('batch/v1', 'Job', 'jobs', {
    object: {
      spec: {
        template: {
          spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'app:1' }] },
        },
      },
    },
    change: { spec: { parallelism: 2 } },
    status: { status: { active: 1 } },
    wrong: { spec: { parallelism: 'many' } },
  }),
  kind('batch/v1', 'CronJob', 'cronjobs', {
    object: {
      spec: {
        schedule: '* * * * *',
        jobTemplate: {
          spec: {
            template: {
              spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'app:1' }] },
            },
          },
        },
      },
    },
    change: { spec: { suspend: true } },
    status: { status: { lastScheduleTime: '2026-01-01T00:00:00Z' } },
    wrong: { spec: { schedule: 5 } },
  }),
  kind('autoscaling/v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', {
    object: {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x' },
        maxReplicas: 5,
      },
    },
    change: { spec: { minReplicas: 2 } },
    status: { status: { desiredReplicas: 2, currentReplicas: 1 } },
    wrong: { spec: { maxReplicas: 'five' } },
  }),
  kind('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', {
    object: { spec: { selector, minAvailable: 1 } },
    change: { metadata: { labels: { a: 'b' } } },
    status: {
      status: { disruptionsAllowed: 1, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
    },
    wrong: { spec: { minAvailable: [] } },
  }),
  kind('networking.k8s.io/v1', 'Ingress', 'ingresses', {
    object: {
      spec: {
        rules: [
          {
            host: 'a.example.com',
            http: {
              paths: [
                {
                  path: '/',
                  pathType: 'Prefix',
                  backend: { service: { name: 'a', port: { number: 80 } } },
                },
              ],
            },
          },
        ],
      },
    },
    change: { spec: { ingressClassName: 'nginx' } },
    status: { status: { loadBalancer: { ingress: [{ hostname: 'a.example.com' }] } } },
    wrong: { spec: { rules: {} } },
  }),
  kind('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', {
    object: { spec: { podSelector: {}, policyTypes: ['Ingress'] } },
    change: { spec: { podSelector: selector } },
    wrong: { spec: { policyTypes: 'Ingress' } },
  }),
  kind('networking.k8s.io/v1', 'IngressClass', 'ingressclasses', {
    wide: true,
    object: { spec: { controller: 'example.com/none' } },
    change: { metadata: { labels: { a: 'b' } } },
    wrong: { spec: { controller: {} } },
  }),
  kind('coordination.k8s.io/v1', 'Lease', 'leases', {
    object: { spec: { holderIdentity: 'me', leaseDurationSeconds: 15 } },
    change: { spec: { renewTime: '2026-01-01T00:00:00.123456Z' } },
    wrong: { spec: { leaseDurationSeconds: 'long' } },
  }),
  kind('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', {
    object: {
      addressType: 'IPv4',
      ports: [{ port: 80 }],
      endpoints: [{ addresses: ['198.51.100.7'] }],
    },
    change: { endpoints: [{ addresses: ['198.51.100.8'], conditions: { ready: false } }] },
    wrong: { endpoints: [{ addresses: '198.51.100.7' }] },
  }),
  kind('events.k8s.io/v1', 'Event', 'events', {
    object: {
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'example.com/c',
      reportingInstance: 'one',
      action: 'Look',
      reason: 'Because',
      type: 'Normal',
      regarding: { kind: 'Pod', name: 'p', namespace: '$ns' },
      note: 'it happened',
    },
    change: { series: { count: 2, lastObservedTime: '2026-01-01T00:00:01.000000Z' } },
    wrong: { reason: 5 },
  }),
  kind('rbac.authorization.k8s.io/v1', 'Role', 'roles', {
    object: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
    change: { rules: [] },
    wrong: { rules: {} },
  }),
  kind('rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings', {
    object: {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'x' },
      subjects: [{ kind: 'User', name: 'ann' }],
    },
    change: { subjects: [{ kind: 'Group', name: 'all' }] },
    wrong: { subjects: {} },
  }),
  kind('rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles', {
    wide: true,
    object: { rules: [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }] },
    change: { rules: [] },
    wrong: { rules: 'all' },
  }),
  kind('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings', {
    wide: true,
    object: {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: '$id' },
      subjects: [{ kind: 'ServiceAccount', name: 'x', namespace: '$ns' }],
    },
    change: { subjects: [] },
    wrong: { roleRef: 'x' },
  }),
  kind('scheduling.k8s.io/v1', 'PriorityClass', 'priorityclasses', {
    wide: true,
    object: { value: 1000 },
    change: { description: 'text' },
    wrong: { value: 'high' },
  }),
  kind('storage.k8s.io/v1', 'StorageClass', 'storageclasses', {
    wide: true,
    object: { provisioner: 'example.com/none' },
    change: { allowVolumeExpansion: true },
    wrong: { provisioner: 7 },
  }),
]

function lifeOf({ collection, object, change, status, wrong }: Kind): Case[] {
  const one = `${collection}/${String(object.metadata['name'])}`
  const made = post(collection, object, { save: 'made' })
  const unknown = { ...object, colour: 'red' }
  const since = '?resourceVersion=<made.metadata.resourceVersion>'
  const versioned = (version: string): Json => ({
    ...object,
    metadata: { ...object.metadata, resourceVersion: version },
  })
  const rows: Record<string, readonly Step[]> = {
    'is made, read and listed': [
      made,
      get(one),
      get(`${collection}?fieldSelector=metadata.name=${String(object.metadata['name'])}`),
    ],
    'is not made twice': [made, post(collection, object)],
    'is changed by a merge patch, and by the same again not': [
      made,
      merge(one, change),
      merge(one, change),
    ],
    'is replaced, with the right version and with a stale one': [
      made,
      put(one, versioned('<made.metadata.resourceVersion>')),
      merge(one, { metadata: { annotations: { a: 'b' } } }),
      put(one, versioned('<made.metadata.resourceVersion>')),
      put(one, versioned('')),
    ],
    'is deleted and gone': [made, remove(one), get(one)],
    'is tried without being made': [post(`${collection}?dryRun=All`, object), get(one)],
    'is refused with an unknown field where strictness is asked': [
      post(`${collection}?fieldValidation=Strict`, unknown),
      post(`${collection}?fieldValidation=Warn`, unknown),
      post(`${collection}?dryRun=All&fieldValidation=Ignore`, {
        ...unknown,
        metadata: { generateName: 'y-' },
      }),
    ],
    'is refused with a value of a wrong type': [
      post(collection, { ...object, ...wrong }),
      made,
      merge(one, wrong),
    ],
    'is shown as a table': [
      made,
      asTable(get(one)),
      asTable(get(`${collection}?fieldSelector=metadata.name=${String(object.metadata['name'])}`)),
    ],
    'is applied, again, and with another field': [
      apply(one, 'one', object),
      apply(one, 'one', object),
      apply(one, 'two', { ...object, metadata: { ...object.metadata, labels: { two: 'yes' } } }),
    ],
    'is seen by a watch': [
      made,
      merge(one, { metadata: { labels: { seen: 'yes' } } }),
      remove(one, { gracePeriodSeconds: 0 }),
      watch(
        `${collection}${since}&fieldSelector=metadata.name=${String(object.metadata['name'])}`,
        2,
      ),
    ],
    'is not there': [get(one), merge(one, change), remove(one), put(one, versioned('5'))],
  }
  if (status !== undefined) {
    rows['keeps status and spec apart'] = [
      made,
      merge(one, { ...status, metadata: { labels: { by: 'spec' } } }),
      merge(`${one}/status`, { ...status, ...change }),
      get(`${one}/status`),
      put(`${one}/status`, { ...object, ...status }),
    ]
  }
  return cases(String(object['kind']), rows)
}

export const kindCases: readonly Case[] = kinds.flatMap(lifeOf)
