import { expect, test } from 'vitest'
import { freshServer, type Json } from './testing/ask.ts'

const pod = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
const selector = { matchLabels: { a: 'b' } }
const apps = '/apis/apps/v1/namespaces/default'
const core = '/api/v1/namespaces/default'
const job = { template: { spec: { ...pod.spec, restartPolicy: 'Never' } } }
const port = { port: 80 }
const rbac = '/apis/rbac.authorization.k8s.io/v1'
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }

/** The tests' servers freeze what they show, so whoever changes what an update leaves alone is found out. */
const kinds: [string, string, string, Json][] = [
  ['/api/v1/namespaces', 'v1', 'Namespace', {}],
  ['/api/v1/nodes', 'v1', 'Node', { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }],
  [`${core}/pods`, 'v1', 'Pod', { spec: pod.spec }],
  [`${core}/services`, 'v1', 'Service', { spec: { ports: [port], selector: { a: 'b' } } }],
  [`${core}/services`, 'v1', 'Service', { spec: { type: 'NodePort', ports: [port] } }],
  [`${core}/services`, 'v1', 'Service', { spec: { type: 'ExternalName', externalName: 'x.y' } }],
  [`${core}/services`, 'v1', 'Service', { spec: { clusterIP: 'None', ports: [port] } }],
  [`${core}/secrets`, 'v1', 'Secret', { stringData: { a: 'b' } }],
  [`${core}/serviceaccounts`, 'v1', 'ServiceAccount', {}],
  [`${core}/limitranges`, 'v1', 'LimitRange', { spec: { limits: [{ type: 'Pod' }] } }],
  [`${core}/resourcequotas`, 'v1', 'ResourceQuota', { spec: { hard: { pods: '1' } } }],
  [`${core}/replicationcontrollers`, 'v1', 'ReplicationController', { spec: { template: pod } }],
  [
    '/api/v1/persistentvolumes',
    'v1',
    'PersistentVolume',
    {
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        hostPath: { path: '/x' },
      },
    },
  ],
  [
    `${core}/persistentvolumeclaims`,
    'v1',
    'PersistentVolumeClaim',
    { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
  ],
  [`${apps}/deployments`, 'apps/v1', 'Deployment', { spec: { selector, template: pod } }],
  [`${apps}/replicasets`, 'apps/v1', 'ReplicaSet', { spec: { selector, template: pod } }],
  [`${apps}/daemonsets`, 'apps/v1', 'DaemonSet', { spec: { selector, template: pod } }],
  [
    `${apps}/statefulsets`,
    'apps/v1',
    'StatefulSet',
    { spec: { selector, serviceName: 's', template: pod } },
  ],
  ['/apis/batch/v1/namespaces/default/jobs', 'batch/v1', 'Job', { spec: job }],
  [
    '/apis/batch/v1/namespaces/default/cronjobs',
    'batch/v1',
    'CronJob',
    { spec: { schedule: '* * * * *', jobTemplate: { spec: job } } },
  ],
  [
    '/apis/networking.k8s.io/v1/namespaces/default/ingresses',
    'networking.k8s.io/v1',
    'Ingress',
    { spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } } },
  ],
  [
    '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers',
    'autoscaling/v2',
    'HorizontalPodAutoscaler',
    { spec: { maxReplicas: 2, scaleTargetRef: { kind: 'Deployment', name: 'd' } } },
  ],
  [
    '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
    'discovery.k8s.io/v1',
    'EndpointSlice',
    { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [port] },
  ],
  [`${rbac}/clusterroles`, 'rbac.authorization.k8s.io/v1', 'ClusterRole', {}],
  [
    `${rbac}/clusterrolebindings`,
    'rbac.authorization.k8s.io/v1',
    'ClusterRoleBinding',
    { roleRef },
  ],
  [
    '/apis/scheduling.k8s.io/v1/priorityclasses',
    'scheduling.k8s.io/v1',
    'PriorityClass',
    { value: 1 },
  ],
]
for (const [path, apiVersion, kind, fields] of kinds) {
  test(`an update leaves what it does not touch of a ${kind} ${JSON.stringify(fields).slice(0, 60)}`, async () => {
    const api = await freshServer()
    const made = await api.post(path, { apiVersion, kind, metadata: { name: 'o' }, ...fields })
    expect(made.body.message).toBeUndefined()
    const { metadata, ...rest } = made.body
    for (const type of ['merge', 'strategic'] as const) {
      const labels = { by: type }
      const { body } = await api.patch(`${path}/o`, type, { metadata: { labels } })
      expect(body.metadata?.labels, body.message).toMatchObject(labels)
      expect({ ...body, metadata }).toEqual({ ...rest, metadata })
    }
    const { body } = await api.apply(`${path}/o`, 'me', {
      apiVersion,
      kind,
      metadata: { annotations: { a: 'b' } },
    })
    expect(body.metadata?.annotations, body.message).toMatchObject({ a: 'b' })
    expect({ ...body, metadata }).toEqual({ ...rest, metadata })
    const status = await api.patch(`${path}/o/status`, 'merge', {
      metadata: { annotations: { c: 'd' } },
    })
    expect([200, 404]).toContain(status.status)
    if (status.status === 200) expect(status.body.spec).toEqual(rest.spec)
  })
}
