/** Objects as such: names, versions, bodies in every form, refusals. */
import {
  type Case,
  cases,
  configMap,
  deployment,
  get,
  merge,
  paths,
  pod,
  post,
  put,
  remove,
  type Step,
} from '../case.ts'

const { configMaps, deployments, pods, services, secrets } = paths
const one = `${configMaps}/a`
const made = post(configMaps, configMap('a', { x: '1' }), { save: 'made' })
const raw = (path: string, type: string, body: string, method: Step['method'] = 'POST'): Step => ({
  method,
  path,
  body,
  headers: { 'content-type': type },
})

const names = cases('names', {
  'a capital letter is refused': [post(configMaps, configMap('A'))],
  'an empty name is refused': [post(configMaps, configMap(''))],
  'a name is required': [post(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} })],
  'a name of 254 letters is refused': [post(configMaps, configMap('a'.repeat(254)))],
  'a name of 253 letters is taken': [post(configMaps, configMap('a'.repeat(253)))],
  'a Service wants a DNS label': [
    post(services, { metadata: { name: 'a.b' }, spec: { ports: [{ port: 80 }] } }),
  ],
  'a namespace wants a DNS label': [post('/api/v1/namespaces', { metadata: { name: 'a.b' } })],
  'a slash in a Role is refused': [
    post(paths.roles, { metadata: { name: 'a/b' }, rules: [] }),
    post(paths.roles, { metadata: { name: 'system:odd:Name' }, rules: [] }),
  ],
  'a name is made from a beginning': [post(configMaps, { metadata: { generateName: 'made-' } })],
  'a name counts more than its beginning': [
    post(configMaps, { metadata: { name: 'fixed', generateName: 'made-' } }),
  ],
  'a namespace that is not there': [
    post('/api/v1/namespaces/nowhere/configmaps', configMap('a')),
    get('/api/v1/namespaces/nowhere/configmaps'),
    get('/api/v1/namespaces/nowhere/configmaps/a'),
  ],
  'a namespace in the body that is not the one in the path': [
    post(configMaps, configMap('a', {}, { namespace: 'default' })),
  ],
  'a name in the body that is not the one in the path': [made, put(one, configMap('b'))],
  'labels have their grammar': [
    post(configMaps, configMap('a', {}, { labels: { 'a b': 'c' } })),
    post(configMaps, configMap('a', {}, { labels: { a: 'b c' } })),
    post(configMaps, configMap('a', {}, { labels: { ['a'.repeat(64)]: 'b' } })),
    post(configMaps, configMap('a', {}, { labels: { 'Example.COM/a': 'b' } })),
  ],
  'annotations have their grammar and their size': [
    post(configMaps, configMap('a', {}, { annotations: { 'a b': 'c' } })),
    post(configMaps, configMap('a', {}, { annotations: { a: 'x'.repeat(262_145) } })),
  ],
  'keys of a ConfigMap have their grammar': [
    post(configMaps, configMap('a', { 'a b': '1' })),
    post(configMaps, configMap('a', { '..': '1' })),
    post(configMaps, { ...configMap('a', { k: '1' }), binaryData: { k: 'eA==' } }),
  ],
  'owners are checked': [
    post(configMaps, configMap('a', {}, { ownerReferences: [{ name: 'b' }] })),
    post(
      configMaps,
      configMap(
        'a',
        {},
        {
          ownerReferences: [1, 2].map((n) => ({
            apiVersion: 'v1',
            kind: 'ConfigMap',
            name: `o${n}`,
            uid: `u${n}`,
            controller: true,
          })),
        },
      ),
    ),
  ],
  'finalizers are checked': [
    post(configMaps, configMap('a', {}, { finalizers: ['nodomain'] })),
    post(configMaps, configMap('a', {}, { finalizers: ['example.com/ok'] })),
  ],
})

const versions = cases('versions', {
  'uid, creation and generation cannot be chosen': [
    post(
      deployments,
      deployment(
        'web',
        {},
        {
          uid: '11111111-1111-1111-1111-111111111111',
          generation: 7,
          creationTimestamp: '2001-01-01T00:00:00Z',
        },
      ),
    ),
  ],
  'a version at creation is refused': [
    post(configMaps, configMap('a', {}, { resourceVersion: '5' })),
  ],
  'a replacement with another uid is refused': [
    made,
    put(one, configMap('a', {}, { uid: '11111111-1111-1111-1111-111111111111' })),
  ],
  'a replacement without version is taken where the kind allows it': [
    made,
    put(one, configMap('a', { y: '2' })),
  ],
  'a merge patch with a stale version is refused': [
    made,
    merge(one, { data: { x: '2' } }),
    merge(one, {
      metadata: { resourceVersion: '<made.metadata.resourceVersion>' },
      data: { x: '3' },
    }),
  ],
  'a merge patch with the right version is taken': [
    made,
    merge(one, {
      metadata: { resourceVersion: '<made.metadata.resourceVersion>' },
      data: { x: '3' },
    }),
  ],
  'a merge patch cannot change the uid': [made, merge(one, { metadata: { uid: 'other' } })],
  'a merge patch cannot change the name': [made, merge(one, { metadata: { name: 'other' } })],
  'a merge patch cannot change the namespace': [
    made,
    merge(one, { metadata: { namespace: 'default' } }),
  ],
  'generation grows with spec alone': [
    post(deployments, deployment()),
    merge(`${deployments}/web`, { metadata: { labels: { a: 'b' } } }),
    merge(`${deployments}/web`, { spec: { replicas: 2 } }),
    merge(`${deployments}/web/status`, { status: { replicas: 2 } }),
    merge(`${deployments}/web`, { spec: { template: { spec: { hostNetwork: null } } } }),
  ],
  'a version that is no number is refused': [
    made,
    put(one, configMap('a', {}, { resourceVersion: 'latest' })),
    merge(one, { metadata: { resourceVersion: 'latest' } }),
  ],
  'a replacement of what is not there is no creation': [put(one, configMap('a'))],
  'an unchanged replacement keeps its version': [
    made,
    put(one, configMap('a', { x: '1' })),
    put(one, configMap('a', { x: '1' })),
  ],
})

const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: "1"\n'

const bodies = cases('bodies', {
  'YAML is read': [raw(configMaps, 'application/yaml', yaml)],
  'JSON that breaks off is refused': [raw(configMaps, 'application/json', '{"metadata":')],
  'text is refused': [raw(configMaps, 'text/plain', 'hello')],
  'nothing is refused': [raw(configMaps, 'application/json', '')],
  'a list is refused': [raw(configMaps, 'application/json', '[]')],
  'null is refused': [raw(configMaps, 'application/json', 'null')],
  'an unknown content type is refused': [raw(configMaps, 'application/toml', 'a = 1')],
  'another kind is refused': [post(configMaps, deployment())],
  'another version of the group is refused': [
    post(deployments, { ...deployment(), apiVersion: 'apps/v1beta1' }),
  ],
  'an unknown kind is refused': [
    post(configMaps, { apiVersion: 'v1', kind: 'Nothing', metadata: { name: 'a' } }),
  ],
  'kind and version may be left out': [post(configMaps, { metadata: { name: 'a' } })],
  'a member twice is warned of': [
    raw(configMaps, 'application/json', '{"metadata":{"name":"a"},"data":{"x":"1","x":"2"}}'),
    raw(
      `${configMaps}?fieldValidation=Strict`,
      'application/json',
      '{"metadata":{"name":"b"},"data":{"x":"1","x":"2"}}',
    ),
  ],
  'a wrong fieldValidation is refused': [
    post(`${configMaps}?fieldValidation=Maybe`, configMap('a')),
  ],
  'a wrong dryRun is refused': [post(`${configMaps}?dryRun=Some`, configMap('a'))],
  'a field manager that is too long is refused': [
    post(`${configMaps}?fieldManager=${'m'.repeat(129)}`, configMap('a')),
  ],
  'members of a name in other letters are not known': [
    post(`${configMaps}?fieldValidation=Strict`, { ...configMap('a'), Data: { x: '1' } }),
  ],
  'a number too large is refused': [
    raw(
      deployments,
      'application/json',
      JSON.stringify(deployment()).replace('"selector"', '"replicas":99999999999,"selector"'),
    ),
  ],
  'a fraction is refused where a whole number belongs': [
    raw(
      deployments,
      'application/json',
      JSON.stringify(deployment()).replace('"selector"', '"replicas":1.5,"selector"'),
    ),
  ],
  'null is as if it were not there': [
    post(configMaps, { ...configMap('a'), data: null, immutable: null }),
  ],
  'dry run of a replacement changes nothing': [
    made,
    put(`${one}?dryRun=All`, configMap('a', { x: '9' })),
    get(one),
  ],
  'dry run of a patch changes nothing': [
    made,
    merge(`${one}?dryRun=All`, { data: { x: '9' } }),
    get(one),
  ],
  'dry run of a deletion changes nothing': [made, remove(`${one}?dryRun=All`), get(one)],
  'a ConfigMap larger than a mebibyte is refused': [
    post(configMaps, configMap('a', { x: 'x'.repeat(1_048_577) })),
  ],
  'a request larger than three mebibytes is refused': [
    post(configMaps, configMap('a', { x: 'x'.repeat(3_200_000) })),
  ],
})

const requests = cases('requests', {
  'a path that leads nowhere': [
    get('/nothing'),
    get('/api/v9'),
    get('/apis/none.example.com/v1/things'),
  ],
  'a kind that is not there': [
    get('/api/v1/namespaces/$ns/things'),
    post('/api/v1/namespaces/$ns/things', {}),
  ],
  'a method that a collection lacks': [put(configMaps, configMap('a')), merge(configMaps, {})],
  'a method that an object lacks': [made, post(one, configMap('a'))],
  'an unknown subresource': [made, get(`${one}/status`), get(`${one}/scale`)],
  'creation across all namespaces': [post('/api/v1/configmaps', configMap('a'))],
  'a patch of an unknown content type': [
    made,
    raw(one, 'application/json', '{}', 'PATCH'),
    raw(one, 'application/x-patch', '{}', 'PATCH'),
  ],
  'an Accept that nobody can satisfy': [{ ...get(configMaps), headers: { accept: 'image/png' } }],
  'only the metadata of an object': [
    made,
    {
      ...get(one),
      headers: { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' },
    },
    {
      ...get(configMaps),
      headers: { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' },
    },
  ],
  'a table with whole objects, and with none': [
    made,
    {
      ...get(`${configMaps}?includeObject=Object`),
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    },
    {
      ...get(`${configMaps}?includeObject=None`),
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    },
  ],
  'nobody without a token': [
    { ...get(configMaps), token: 'none' },
    { ...get('/healthz'), token: 'none' },
    { ...get('/version'), token: 'none' },
  ],
  'nobody with a wrong token': [
    { ...get(configMaps), token: 'wrong' },
    { ...get('/healthz'), token: 'wrong' },
  ],
  health: [get('/healthz'), get('/livez'), get('/readyz')],
})

const kinds = cases('checks', {
  'a selector that misses its template': [
    post(deployments, deployment('web', { selector: { matchLabels: { app: 'x' } } })),
  ],
  'a selector cannot change': [
    post(deployments, deployment()),
    merge(`${deployments}/web`, { spec: { selector: { matchLabels: { app: 'web', b: 'c' } } } }),
  ],
  'an empty selector': [post(deployments, deployment('web', { selector: {} }))],
  'negative replicas': [post(deployments, deployment('web', { replicas: -1 }))],
  'no surge and no unavailability': [
    post(
      deployments,
      deployment('web', { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } }),
    ),
  ],
  'Recreate with rolling parameters': [
    post(
      deployments,
      deployment('web', { strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } }),
    ),
  ],
  'an unknown strategy': [post(deployments, deployment('web', { strategy: { type: 'Careful' } }))],
  'a deadline below the minimum': [
    post(deployments, deployment('web', { minReadySeconds: 10, progressDeadlineSeconds: 10 })),
  ],
  'a pod without containers': [post(pods, pod('p', { containers: [] }))],
  'a container without name and image': [post(pods, pod('p', { containers: [{}] }))],
  'two containers of one name': [
    post(
      pods,
      pod('p', {
        containers: [
          { name: 'a', image: 'a' },
          { name: 'a', image: 'b' },
        ],
      }),
    ),
  ],
  'a port out of range, and twice': [
    post(
      pods,
      pod('p', { containers: [{ name: 'a', image: 'a', ports: [{ containerPort: 70_000 }] }] }),
    ),
  ],
  'a pod template must always restart in a Deployment': [
    post(
      deployments,
      deployment('web', {
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] },
        },
      }),
    ),
  ],
  'quantities are read and written in their short form': [
    post(
      pods,
      pod('p', {
        containers: [
          { name: 'a', image: 'a', resources: { limits: { cpu: '1000m', memory: '1024Mi' } } },
        ],
      }),
    ),
    post(
      pods,
      pod('q', { containers: [{ name: 'a', image: 'a', resources: { limits: { cpu: 'much' } } }] }),
    ),
    post(
      pods,
      pod('r', {
        containers: [
          { name: 'a', image: 'a', resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } },
        ],
      }),
    ),
  ],
  'a pod cannot change its containers': [
    post(pods, pod('p')),
    merge(`${pods}/p`, { spec: { containers: [{ name: 'app', image: 'app:2' }] } }),
    merge(`${pods}/p`, { spec: { containers: [{ name: 'other', image: 'app:2' }] } }),
    merge(`${pods}/p`, { spec: { nodeName: 'n' } }),
  ],
  'probes have their defaults': [
    post(
      pods,
      pod('p', {
        containers: [
          {
            name: 'a',
            image: 'a',
            readinessProbe: { httpGet: { port: 80 } },
            livenessProbe: { tcpSocket: { port: 'http' } },
            ports: [{ name: 'http', containerPort: 80 }],
          },
        ],
      }),
    ),
  ],
  'a Service needs ports with names when there are several': [
    post(services, { metadata: { name: 's' }, spec: { ports: [{ port: 80 }, { port: 81 }] } }),
    post(services, { metadata: { name: 't' }, spec: { ports: [] } }),
  ],
  'a Service keeps its address': [
    post(services, { metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } }, { save: 's' }),
    merge(`${services}/s`, { spec: { clusterIP: '10.96.77.77' } }),
    merge(`${services}/s`, { spec: { selector: { a: 'b' } } }),
  ],
  'a headless Service': [
    post(services, { metadata: { name: 's' }, spec: { clusterIP: 'None', selector: { a: 'b' } } }),
  ],
  'a Service outside': [
    post(services, {
      metadata: { name: 's' },
      spec: { type: 'ExternalName', externalName: 'example.com' },
    }),
    post(services, { metadata: { name: 't' }, spec: { type: 'ExternalName' } }),
  ],
  'a Service on node ports': [
    post(services, { metadata: { name: 's' }, spec: { type: 'NodePort', ports: [{ port: 80 }] } }),
    merge(`${services}/s`, { spec: { type: 'ClusterIP' } }),
  ],
  'a Secret keeps its type': [
    post(secrets, { metadata: { name: 's' }, type: 'example.com/odd', data: {} }),
    merge(`${secrets}/s`, { type: 'Opaque' }),
    post(secrets, { metadata: { name: 't' }, type: 'kubernetes.io/tls', data: {} }),
  ],
  'what is immutable stays': [
    post(configMaps, { ...configMap('a', { x: '1' }), immutable: true }),
    merge(one, { data: { x: '2' } }),
    merge(one, { immutable: null }),
    merge(one, { metadata: { labels: { a: 'b' } } }),
  ],
  'loopback is no address of an endpoint': [
    post('/apis/discovery.k8s.io/v1/namespaces/$ns/endpointslices', {
      metadata: { name: 's' },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['127.0.0.1'] }],
    }),
    post('/apis/discovery.k8s.io/v1/namespaces/$ns/endpointslices', {
      metadata: { name: 's' },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['not an address'] }],
    }),
    post('/apis/discovery.k8s.io/v1/namespaces/$ns/endpointslices', {
      metadata: { name: 's' },
      endpoints: [{ addresses: ['198.51.100.1'] }],
    }),
  ],
  'a binding keeps what it refers to': [
    post(paths.roleBindings, {
      metadata: { name: 'b' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'x' },
    }),
    merge(`${paths.roleBindings}/b`, { roleRef: { name: 'y' } }),
  ],
  'a lease with a negative time': [
    post('/apis/coordination.k8s.io/v1/namespaces/$ns/leases', {
      metadata: { name: 'l' },
      spec: { leaseDurationSeconds: 0 },
    }),
  ],
  'an ingress without a backend': [
    post('/apis/networking.k8s.io/v1/namespaces/$ns/ingresses', {
      metadata: { name: 'i' },
      spec: {},
    }),
    post('/apis/networking.k8s.io/v1/namespaces/$ns/ingresses', {
      metadata: { name: 'i' },
      spec: {
        rules: [
          {
            host: 'A.example.com',
            http: {
              paths: [
                {
                  path: 'x',
                  pathType: 'Exact',
                  backend: { service: { name: 'a', port: { number: 80 } } },
                },
              ],
            },
          },
        ],
      },
    }),
  ],
})

export const objectCases: readonly Case[] = [
  ...names,
  ...versions,
  ...bodies,
  ...requests,
  ...kinds,
]
