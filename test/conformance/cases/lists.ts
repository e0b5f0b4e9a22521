/** Lists and watches: pages, selectors, versions, bookmarks, first events; and how objects go. */
import {
  asTable,
  type Case,
  cases,
  configMap,
  deployment,
  get,
  type Json,
  merge,
  paths,
  pod,
  post,
  put,
  remove,
  type Step,
  watch,
} from '../case.ts'

const { configMaps, pods, services, replicaSets, deployments } = paths
const one = `${configMaps}/a`
const make = (name: string, labels: Json = {}): Step =>
  post(configMaps, configMap(name, { x: '1' }, { labels }), { save: name })
const three = [
  make('a', { n: '1', side: 'l' }),
  make('b', { n: '2', side: 'r' }),
  make('c', { n: '3' }),
]
const at = (query: string): Step => get(`${configMaps}?${query}`)
const rv = 'resourceVersion=<a.metadata.resourceVersion>'

const pages = cases('pages', {
  'one after another': [
    ...three,
    get(`${configMaps}?limit=1`, { save: 'p' }),
    get(`${configMaps}?limit=1&continue=<p.metadata.continue>`, { save: 'q' }),
    get(`${configMaps}?limit=1&continue=<q.metadata.continue>`),
  ],
  'the last page says no more': [...three, at('limit=3'), at('limit=5'), at('limit=0')],
  'a page of two and the rest': [
    ...three,
    get(`${configMaps}?limit=2`, { save: 'p' }),
    get(`${configMaps}?continue=<p.metadata.continue>`),
  ],
  'pages show the past': [
    ...three,
    get(`${configMaps}?limit=1`, { save: 'p' }),
    make('aa'),
    remove(`${configMaps}/b`),
    get(`${configMaps}?limit=5&continue=<p.metadata.continue>`),
  ],
  'with a selector there is no count of the rest': [...three, at('limit=1&labelSelector=side')],
  'a bad token': [...three, at('limit=1&continue=nonsense')],
  'a token and a version do not go together': [
    ...three,
    get(`${configMaps}?limit=1`, { save: 'p' }),
    get(`${configMaps}?limit=1&continue=<p.metadata.continue>&resourceVersion=5`),
  ],
  'a limit that is no number': [...three, at('limit=many'), at('limit=-1')],
})

const selectors = cases('selectors', {
  'by label': [
    ...three,
    at('labelSelector=n=1'),
    at('labelSelector=n==2'),
    at('labelSelector=n!=1'),
    at('labelSelector=side'),
    at('labelSelector=!side'),
    at('labelSelector=n in (1,3)'.replaceAll(' ', '%20')),
    at('labelSelector=n notin (1,3)'.replaceAll(' ', '%20')),
    at('labelSelector=n=1,side=l'),
    at('labelSelector=n>1'),
    at('labelSelector=n<3'),
  ],
  'labels that make no sense': [
    at('labelSelector=a b'),
    at('labelSelector=,'),
    at('labelSelector=a in b'),
    at('labelSelector=n>x'),
  ].map((step) => ({ ...step, path: step.path.replaceAll(' ', '%20') })),
  'by field': [
    ...three,
    at('fieldSelector=metadata.name=a'),
    at('fieldSelector=metadata.name!=a'),
    at('fieldSelector=metadata.namespace=$ns'),
    at('fieldSelector=metadata.name=a,metadata.namespace=default'),
  ],
  'by a field that cannot select': [
    at('fieldSelector=data.x=1'),
    at('fieldSelector=metadata.uid=x'),
  ],
  'by fields of pods': [
    post(pods, pod('p')),
    post(pods, pod('q', { nodeName: 'n1', restartPolicy: 'Never' })),
    get(`${pods}?fieldSelector=spec.nodeName=n1`),
    get(`${pods}?fieldSelector=spec.nodeName=`),
    get(`${pods}?fieldSelector=status.phase=Pending,spec.restartPolicy=Never`),
    get(`${pods}?fieldSelector=status.podIP=198.51.100.1`),
    get(`${pods}?fieldSelector=spec.hostNetwork=true`),
  ],
  'by type of Secrets and reason of events': [
    post(paths.secrets, { metadata: { name: 's' }, type: 'example.com/t' }),
    get(`${paths.secrets}?fieldSelector=type=example.com/t`),
    get(`${paths.secrets}?fieldSelector=type=Opaque`),
    get('/api/v1/namespaces/$ns/events?fieldSelector=involvedObject.name=x,reason=y'),
    get('/api/v1/namespaces?fieldSelector=status.phase=Terminating,metadata.name=$ns'),
  ],
  'in other kinds': [
    get(`${deployments}?fieldSelector=spec.replicas=1`),
    get(`${replicaSets}?fieldSelector=status.replicas=0`),
    get(`${services}?fieldSelector=spec.clusterIP=None,spec.type=ClusterIP`),
    get('/api/v1/nodes?fieldSelector=spec.unschedulable=true,metadata.name=$id'),
  ],
})

/** The table of KEP-2340: each way to name a version, with and without match, limit and continue. */
const matches = cases('list versions', {
  ...Object.fromEntries(
    ['', 'resourceVersion=0', rv].flatMap((version) =>
      ['', 'NotOlderThan', 'Exact'].flatMap((match) =>
        ['', 'limit=1'].map((limit) => [
          `version ${version === rv ? 'of an object' : version === '' ? 'none' : '0'}, match ${match || 'none'}, ${limit || 'no limit'}`,
          [
            ...three,
            at(
              [version, match === '' ? '' : `resourceVersionMatch=${match}`, limit]
                .filter((part) => part !== '')
                .join('&'),
            ),
          ],
        ]),
      ),
    ),
  ),
  'a version from the future': [at('resourceVersion=999999999&timeoutSeconds=1')],
  'a version that is no number': [at('resourceVersion=abc'), get(`${one}?resourceVersion=abc`)],
  'an unknown match': [at(`resourceVersion=5&resourceVersionMatch=Roughly`)],
  'a match with a token': [
    ...three,
    get(`${configMaps}?limit=1`, { save: 'p' }),
    get(`${configMaps}?continue=<p.metadata.continue>&resourceVersionMatch=Exact`),
  ],
  'one object at a version': [make('a'), get(`${one}?resourceVersion=0`), get(`${one}?${rv}`)],
  'first events in a list': [at('sendInitialEvents=true')],
})

const from = (name: string, rest = ''): string =>
  `${configMaps}?resourceVersion=<${name}.metadata.resourceVersion>${rest}`

const watches = cases('watches', {
  'all that happened since': [
    make('a'),
    make('b'),
    merge(one, { data: { x: '2' } }),
    remove(`${configMaps}/b`),
    watch(from('a'), 3),
  ],
  'a change that is none is not told': [
    make('a'),
    merge(one, { data: { x: '1' } }),
    merge(one, { data: { x: '2' } }),
    watch(from('a'), 1),
  ],
  'without a version it begins with what is': [make('a'), make('b'), watch(configMaps, 2)],
  'from 0 it begins with what is': [make('a'), watch(`${configMaps}?resourceVersion=0`, 1)],
  'by label: what leaves the selection is deleted': [
    make('a', { on: 'yes' }),
    merge(one, { metadata: { labels: { on: 'no' } } }),
    merge(one, { metadata: { labels: { on: 'yes' } } }),
    make('b', { on: 'no' }),
    remove(one),
    watch(from('a', '&labelSelector=on=yes'), 3),
  ],
  'by name': [
    make('a'),
    make('b'),
    merge(`${configMaps}/b`, { data: { x: '2' } }),
    merge(one, { data: { x: '2' } }),
    watch(from('a', '&fieldSelector=metadata.name=a'), 1),
  ],
  'by a field that changes': [
    post(pods, pod('p'), { save: 'p' }),
    merge(`${pods}/p/status`, { status: { phase: 'Running' } }),
    merge(`${pods}/p/status`, { status: { phase: 'Failed' } }),
    watch(
      `${pods}?resourceVersion=<p.metadata.resourceVersion>&fieldSelector=status.phase=Running`,
      2,
    ),
  ],
  'the first events and the bookmark after them': [
    make('a'),
    make('b'),
    watch(
      `${configMaps}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
      3,
    ),
    watch(
      `${configMaps}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=0`,
      3,
    ),
  ],
  'first events of a selection': [
    make('a', { on: 'yes' }),
    make('b'),
    watch(
      `${configMaps}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=on`,
      2,
    ),
  ],
  'first events want a match': [
    watch(`${configMaps}?sendInitialEvents=true&allowWatchBookmarks=true`, 1),
  ],
  'a match wants first events': [
    watch(`${configMaps}?resourceVersionMatch=NotOlderThan&resourceVersion=0`, 1),
  ],
  'an exact match is none for a watch': [
    watch(
      `${configMaps}?sendInitialEvents=true&resourceVersionMatch=Exact&allowWatchBookmarks=true`,
      1,
    ),
  ],
  'no first events, on demand': [
    make('a'),
    make('b'),
    watch(
      `${configMaps}?sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=<a.metadata.resourceVersion>`,
      1,
    ),
  ],
  'a bad version': [
    watch(`${configMaps}?resourceVersion=abc`, 1),
    watch(`${configMaps}?resourceVersion=-1`, 1),
  ],
  'a bad selector': [
    watch(`${configMaps}?labelSelector=a%20b`, 1),
    watch(`${configMaps}?fieldSelector=data.x=1`, 1),
  ],
  'as tables': [
    make('a'),
    merge(one, { data: { y: '2' } }),
    asTable(watch(`${configMaps}?resourceVersion=0`, 1)),
    asTable(watch(from('a'), 1)),
  ],
  'of metadata alone': [
    make('a'),
    merge(one, { data: { y: '2' } }),
    {
      ...watch(from('a'), 1),
      headers: { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' },
    },
  ],
  'by the old path': [
    make('a'),
    merge(one, { data: { y: '2' } }),
    {
      ...get(
        `/api/v1/watch/namespaces/$ns/configmaps?resourceVersion=<a.metadata.resourceVersion>`,
      ),
      take: 1,
    },
  ],
  'of one object by the old path': [
    make('a'),
    merge(one, { data: { y: '2' } }),
    {
      ...get(
        `/api/v1/watch/namespaces/$ns/configmaps/a?resourceVersion=<a.metadata.resourceVersion>`,
      ),
      take: 1,
    },
  ],
  'an object that goes and comes again': [
    make('a'),
    remove(one),
    post(configMaps, configMap('a', { x: '9' })),
    watch(from('a'), 2),
  ],
})

const held = (name: string, finalizers: readonly string[], metadata: Json = {}): Step =>
  post(configMaps, configMap(name, {}, { finalizers, ...metadata }), { save: name })
const free: Json = { metadata: { finalizers: null } }
const owner = (name: string, more: Json = {}): Json => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name,
  uid: `<${name}.metadata.uid>`,
  ...more,
})

const deletions = cases('deletion', {
  'a finalizer holds the object': [
    held('a', ['example.com/hold']),
    remove(one),
    get(one),
    remove(one),
    merge(one, { data: { still: 'here' } }),
    merge(one, free),
    get(one),
  ],
  'no finalizer is added to what goes': [
    held('a', ['example.com/hold']),
    remove(one),
    merge(one, { metadata: { finalizers: ['example.com/hold', 'example.com/more'] } }),
  ],
  'the stay of deletion is not taken back': [
    held('a', ['example.com/hold']),
    remove(one),
    merge(one, { metadata: { deletionTimestamp: null } }),
  ],
  'a replacement without finalizers lets it go': [
    held('a', ['example.com/hold']),
    remove(one),
    put(one, configMap('a')),
    get(one),
  ],
  'another object of the name has to wait': [
    held('a', ['example.com/hold']),
    remove(one),
    post(configMaps, configMap('a')),
  ],
  'with the right uid and with another': [
    make('a'),
    remove(one, { preconditions: { uid: '11111111-1111-1111-1111-111111111111' } }),
    remove(one, { preconditions: { uid: '<a.metadata.uid>' } }),
  ],
  'with the right version and with a stale one': [
    make('a'),
    merge(one, { data: { x: '2' } }),
    remove(one, { preconditions: { resourceVersion: '<a.metadata.resourceVersion>' } }),
    get(one, { save: 'b' }),
    remove(one, { preconditions: { resourceVersion: '<b.metadata.resourceVersion>' } }),
  ],
  'in the foreground': [make('a'), remove(one, { propagationPolicy: 'Foreground' }), get(one)],
  orphaning: [make('a'), remove(one, { propagationPolicy: 'Orphan' }), get(one)],
  'in the background': [make('a'), remove(one, { propagationPolicy: 'Background' }), get(one)],
  'by the query': [make('a'), remove(`${one}?propagationPolicy=Foreground`), get(one)],
  'in an unknown way': [make('a'), remove(one, { propagationPolicy: 'Sideways' })],
  'in two ways at once': [
    make('a'),
    remove(one, { propagationPolicy: 'Orphan', orphanDependents: true }),
  ],
  'orphaning in the old words': [make('a'), remove(one, { orphanDependents: true }), get(one)],
  'a second way replaces the first': [
    held('a', ['example.com/hold']),
    remove(one, { propagationPolicy: 'Foreground' }),
    remove(one, { propagationPolicy: 'Orphan' }),
    get(one),
  ],
  'a pod on a node has its grace': [
    post(pods, pod('p', { nodeName: 'n1' })),
    remove(`${pods}/p`),
    get(`${pods}/p`),
    remove(`${pods}/p`, { gracePeriodSeconds: 5 }),
    remove(`${pods}/p`, { gracePeriodSeconds: 50 }),
    remove(`${pods}/p`, { gracePeriodSeconds: 0 }),
    get(`${pods}/p`),
  ],
  'a pod with a grace of its own': [
    post(pods, pod('p', { nodeName: 'n1', terminationGracePeriodSeconds: 7 })),
    remove(`${pods}/p`),
  ],
  'a pod on no node goes at once': [post(pods, pod('p')), remove(`${pods}/p`), get(`${pods}/p`)],
  'a finished pod goes at once': [
    post(pods, pod('p', { nodeName: 'n1' })),
    merge(`${pods}/p/status`, { status: { phase: 'Succeeded' } }),
    remove(`${pods}/p`),
    get(`${pods}/p`),
  ],
  'a collection': [make('a'), make('b'), remove(configMaps), get(configMaps)],
  'a selection of a collection': [
    make('a', { on: 'yes' }),
    make('b'),
    remove(`${configMaps}?labelSelector=on`),
    get(configMaps),
  ],
  'a collection with what is held': [
    held('a', ['example.com/hold']),
    make('b'),
    remove(configMaps),
    get(configMaps),
  ],
  'a collection as dry run': [make('a'), remove(`${configMaps}?dryRun=All`), get(configMaps)],
  'a negative grace': [
    post(pods, pod('p', { nodeName: 'n1' })),
    remove(`${pods}/p`, { gracePeriodSeconds: -5 }),
  ],
  'options that make no sense': [make('a'), remove(one, { colour: 'red' }), remove(one, 'no JSON')],
  'a namespace goes in steps': [
    post('/api/v1/namespaces', { metadata: { name: '$id' } }),
    remove('/api/v1/namespaces/$id'),
    get('/api/v1/namespaces/$id'),
    post('/api/v1/namespaces/$id/configmaps', configMap('a')),
    put('/api/v1/namespaces/$id/finalize', { metadata: { name: '$id' }, spec: { finalizers: [] } }),
    get('/api/v1/namespaces/$id'),
  ],
  'a namespace that has to stay': [
    remove('/api/v1/namespaces/default?dryRun=All'),
    remove('/api/v1/namespaces/kube-system?dryRun=All'),
  ],
  'owners are kept with the object': [
    make('a'),
    post(
      configMaps,
      configMap(
        'b',
        {},
        { ownerReferences: [owner('a', { blockOwnerDeletion: true, controller: true })] },
      ),
    ),
    merge(`${configMaps}/b`, { metadata: { ownerReferences: null } }),
  ],
  'a controller and a second one': [
    make('a'),
    make('b'),
    post(configMaps, configMap('c', {}, { ownerReferences: [owner('a', { controller: true })] })),
    merge(`${configMaps}/c`, {
      metadata: {
        ownerReferences: [owner('a', { controller: true }), owner('b', { controller: true })],
      },
    }),
  ],
  'an owner twice': [
    make('a'),
    post(configMaps, configMap('b', {}, { ownerReferences: [owner('a'), owner('a')] })),
  ],
})

const subresources = cases('subresources', {
  'the scale of a Deployment': [
    post(deployments, deployment()),
    get(`${deployments}/web/scale`, { save: 's' }),
    put(`${deployments}/web/scale`, {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'web' },
      spec: { replicas: 4 },
    }),
    merge(`${deployments}/web/scale`, { spec: { replicas: 2 } }),
    merge(`${deployments}/web/scale`, { spec: { replicas: -1 } }),
    get(`${deployments}/web`),
  ],
  'the scale with a stale version': [
    post(deployments, deployment(), { save: 'd' }),
    merge(`${deployments}/web`, { spec: { replicas: 2 } }),
    put(`${deployments}/web/scale`, {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'web', resourceVersion: '<d.metadata.resourceVersion>' },
      spec: { replicas: 4 },
    }),
  ],
  'the scale of what is not there': [
    get(`${deployments}/none/scale`),
    merge(`${deployments}/none/scale`, { spec: { replicas: 1 } }),
  ],
  'the scale of a StatefulSet and of a ReplicaSet': [
    post(replicaSets, { ...deployment(), kind: 'ReplicaSet' }),
    get(`${replicaSets}/web/scale`),
    merge(`${replicaSets}/web/scale`, { spec: { replicas: 3 } }),
  ],
  'a pod is bound to a node': [
    post(pods, pod('p')),
    post(`${pods}/p/binding`, { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } }),
    post(`${pods}/p/binding`, { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n2' } }),
    get(`${pods}/p`),
  ],
  'a pod is evicted': [
    post(pods, pod('p')),
    post(`${pods}/p/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'p' },
    }),
    get(`${pods}/p`),
  ],
  'a budget that holds a pod': [
    post(pods, pod('p', { nodeName: 'n1' }, { labels: { app: 'p' } })),
    merge(`${pods}/p/status`, {
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    }),
    post('/apis/policy/v1/namespaces/$ns/poddisruptionbudgets', {
      metadata: { name: 'b' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'p' } } },
    }),
    post(`${pods}/p/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'p' },
    }),
  ],
  'status of a pod': [
    post(pods, pod('p')),
    merge(`${pods}/p/status`, {
      status: {
        phase: 'Running',
        podIP: '198.51.100.3',
        conditions: [{ type: 'Ready', status: 'True' }],
      },
    }),
    merge(`${pods}/p/status`, { spec: { nodeName: 'n1' } }),
    merge(`${pods}/p`, { status: { phase: 'Failed' } }),
  ],
  'status replaced whole': [
    post(deployments, deployment()),
    put(`${deployments}/web/status`, {
      ...deployment('web', { replicas: 9 }),
      status: { replicas: 5, readyReplicas: 9 },
    }),
    put(`${deployments}/web/status`, {
      ...deployment('web', { replicas: 9 }),
      status: { replicas: 5, readyReplicas: 2 },
    }),
  ],
  'a service account token': [
    post(paths.serviceAccounts, { metadata: { name: 'robot' } }),
    post(`${paths.serviceAccounts}/robot/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: ['one'], expirationSeconds: 3600 },
    }),
    post(`${paths.serviceAccounts}/robot/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 5 },
    }),
    post(`${paths.serviceAccounts}/none/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {},
    }),
  ],
})

export const listCases: readonly Case[] = [
  ...pages,
  ...selectors,
  ...matches,
  ...watches,
  ...deletions,
  ...subresources,
]
