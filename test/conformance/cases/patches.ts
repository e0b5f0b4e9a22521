/** Merge, JSON and strategic patches, and server-side apply with its owners. */
import {
  apply,
  type Case,
  cases,
  configMap,
  deployment,
  force,
  get,
  type Json,
  jsonPatch,
  merge,
  patch,
  paths,
  pod,
  post,
  put,
  strategic,
} from '../case.ts'

const { configMaps, deployments, services, pods } = paths
const one = `${configMaps}/a`
const web = `${deployments}/web`
const made = post(configMaps, configMap('a', { x: '1', y: '2' }), { save: 'made' })
const running = post(deployments, deployment(), { save: 'made' })

const json = cases('json patch', {
  'add, replace and remove': [
    made,
    jsonPatch(one, [
      { op: 'add', path: '/data/z', value: '3' },
      { op: 'replace', path: '/data/x', value: '9' },
      { op: 'remove', path: '/data/y' },
    ]),
  ],
  'test that holds, and one that does not': [
    made,
    jsonPatch(one, [
      { op: 'test', path: '/data/x', value: '1' },
      { op: 'replace', path: '/data/x', value: '2' },
    ]),
    jsonPatch(one, [
      { op: 'test', path: '/data/x', value: '1' },
      { op: 'replace', path: '/data/x', value: '3' },
    ]),
    get(one),
  ],
  'test of the version': [
    made,
    jsonPatch(one, [
      { op: 'test', path: '/metadata/resourceVersion', value: '<made.metadata.resourceVersion>' },
      { op: 'add', path: '/data/z', value: '1' },
    ]),
    jsonPatch(one, [
      { op: 'test', path: '/metadata/resourceVersion', value: '<made.metadata.resourceVersion>' },
      { op: 'add', path: '/data/w', value: '1' },
    ]),
  ],
  'removing what is not there': [made, jsonPatch(one, [{ op: 'remove', path: '/data/none' }])],
  'replacing what is not there': [
    made,
    jsonPatch(one, [{ op: 'replace', path: '/data/none', value: '1' }]),
  ],
  'adding below what is not there': [
    made,
    jsonPatch(one, [{ op: 'add', path: '/metadata/labels/a', value: 'b' }]),
  ],
  'copy and move': [
    made,
    jsonPatch(one, [
      { op: 'copy', from: '/data/x', path: '/data/copied' },
      { op: 'move', from: '/data/y', path: '/data/moved' },
    ]),
  ],
  'escaped slashes': [
    made,
    jsonPatch(one, [
      { op: 'add', path: '/metadata/annotations', value: {} },
      { op: 'add', path: '/metadata/annotations/example.com~1a~0b', value: 'c' },
    ]),
  ],
  'the end of a list and a place in it': [
    running,
    jsonPatch(web, [
      { op: 'add', path: '/spec/template/spec/containers/-', value: { name: 'two', image: 'two' } },
      {
        op: 'add',
        path: '/spec/template/spec/containers/0',
        value: { name: 'zero', image: 'zero' },
      },
    ]),
  ],
  'a place outside the list': [
    running,
    jsonPatch(web, [{ op: 'add', path: '/spec/template/spec/containers/7', value: {} }]),
  ],
  'an unknown operation': [made, jsonPatch(one, [{ op: 'bend', path: '/data' }])],
  'no list': [made, jsonPatch(one, { op: 'add' })],
  'an empty list changes nothing': [made, jsonPatch(one, [])],
  'a missing path': [made, jsonPatch(one, [{ op: 'add', value: 1 }])],
  'a value of a wrong type': [
    running,
    jsonPatch(web, [{ op: 'replace', path: '/spec/replicas', value: 'two' }]),
  ],
})

const merges = cases('merge patch', {
  'null takes away': [made, merge(one, { data: { x: null } })],
  'null of the whole': [made, merge(one, { data: null })],
  'a list is replaced whole': [
    running,
    merge(web, { spec: { template: { spec: { containers: [{ name: 'other', image: 'b' }] } } } }),
  ],
  'nothing changes nothing': [made, merge(one, {})],
  'no JSON': [made, merge(one, '{')],
  'a list instead of an object': [made, merge(one, [])],
  'an unknown field is warned of': [made, merge(`${one}?fieldValidation=Warn`, { colour: 'red' })],
  'an unknown field is refused': [made, merge(`${one}?fieldValidation=Strict`, { colour: 'red' })],
  'defaults return when a field is taken away': [
    running,
    merge(web, { spec: { replicas: 5 } }),
    merge(web, { spec: { replicas: null, strategy: null } }),
  ],
})

const strategics = cases('strategic merge', {
  'a container by its name': [
    running,
    strategic(web, {
      spec: { template: { spec: { containers: [{ name: 'app', image: 'app:2' }] } } },
    }),
    strategic(web, {
      spec: { template: { spec: { containers: [{ name: 'side', image: 'side:1' }] } } },
    }),
  ],
  'a container is taken away': [
    running,
    strategic(web, {
      spec: { template: { spec: { containers: [{ name: 'side', image: 'side:1' }] } } },
    }),
    strategic(web, {
      spec: { template: { spec: { containers: [{ name: 'app', $patch: 'delete' }] } } },
    }),
  ],
  'a list is replaced on demand': [
    running,
    strategic(web, {
      spec: {
        template: { spec: { containers: [{ $patch: 'replace' }, { name: 'new', image: 'n' }] } },
      },
    }),
  ],
  'an object is replaced on demand': [
    running,
    strategic(web, { metadata: { labels: { a: 'b', c: 'd' } } }),
    strategic(web, { metadata: { labels: { $patch: 'replace', e: 'f' } } }),
  ],
  'keys are retained': [
    running,
    strategic(web, { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }),
  ],
  'without retaining keys the rest stays and is refused': [
    running,
    strategic(web, { spec: { strategy: { type: 'Recreate' } } }),
  ],
  'the order of a list is set': [
    running,
    strategic(web, {
      spec: {
        template: {
          spec: {
            $setElementOrder: undefined,
            '$setElementOrder/containers': [{ name: 'first' }, { name: 'app' }],
            containers: [{ name: 'first', image: 'f' }],
          },
        },
      },
    }),
  ],
  'values of a plain list are taken away': [
    post(configMaps, configMap('a', {}, { finalizers: ['example.com/a', 'example.com/b'] })),
    strategic(one, { metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/a'] } }),
  ],
  'ports merge by number': [
    post(services, { metadata: { name: 's' }, spec: { ports: [{ name: 'a', port: 80 }] } }),
    strategic(`${services}/s`, { spec: { ports: [{ name: 'b', port: 81 }] } }),
    strategic(`${services}/s`, { spec: { ports: [{ port: 80, $patch: 'delete' }] } }),
  ],
  'environment variables merge by name': [
    running,
    strategic(web, {
      spec: {
        template: {
          spec: {
            containers: [
              {
                name: 'app',
                env: [
                  { name: 'A', value: '1' },
                  { name: 'B', value: '2' },
                ],
              },
            ],
          },
        },
      },
    }),
    strategic(web, {
      spec: {
        template: { spec: { containers: [{ name: 'app', env: [{ name: 'A', value: '3' }] }] } },
      },
    }),
  ],
  'null takes away': [
    running,
    strategic(web, { spec: { template: { spec: { containers: null } } } }),
  ],
  'a bad directive is refused': [
    running,
    strategic(web, {
      spec: { template: { spec: { containers: [{ name: 'app', $patch: 'bend' }] } } },
    }),
  ],
  'an element without its key is refused': [
    running,
    strategic(web, { spec: { template: { spec: { containers: [{ image: 'x' }] } } } }),
  ],
  'conditions merge by type': [
    running,
    strategic(`${web}/status`, { status: { conditions: [{ type: 'A', status: 'True' }] } }),
    strategic(`${web}/status`, {
      status: {
        conditions: [
          { type: 'B', status: 'True' },
          { type: 'A', status: 'False' },
        ],
      },
    }),
  ],
})

const cm = (data: Json, metadata: Json = {}): Json => configMap('a', data, metadata)
const dep = (spec: Json): Json => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec,
})
const full = deployment()

const applies = cases('apply', {
  'makes what is not there': [apply(one, 'ann', cm({ x: '1' }))],
  'twice the same changes nothing': [
    apply(one, 'ann', cm({ x: '1' })),
    apply(one, 'ann', cm({ x: '1' })),
  ],
  'takes away what is no longer said': [
    apply(one, 'ann', cm({ x: '1', y: '2' })),
    apply(one, 'ann', cm({ x: '1' })),
  ],
  'two share what they agree on': [
    apply(one, 'ann', cm({ x: '1' })),
    apply(one, 'bob', cm({ x: '1' })),
    apply(one, 'ann', cm({})),
  ],
  'conflicts about a key of a map': [
    apply(one, 'ann', cm({ x: '1' })),
    apply(one, 'bob', cm({ x: '2' })),
  ],
  'force takes over': [
    apply(one, 'ann', cm({ x: '1' })),
    force(one, 'bob', cm({ x: '2' })),
    apply(one, 'ann', cm({ x: '1' })),
  ],
  'conflicts with an update': [
    made,
    apply(one, 'ann', cm({ x: '9' })),
    apply(one, 'ann', cm({ x: '1' })),
  ],
  'a later update takes over': [
    apply(one, 'ann', cm({ x: '1' })),
    merge(`${one}?fieldManager=bob`, { data: { x: '2' } }),
    apply(one, 'ann', cm({ x: '1' })),
  ],
  'wants a manager': [patch(one, 'apply-patch+yaml', cm({}))],
  'wants kind and version': [
    apply(one, 'ann', { metadata: { name: 'a' }, data: {} }),
    apply(one, 'ann', { apiVersion: 'v1', metadata: { name: 'a' } }),
  ],
  'does not take managed fields': [
    apply(
      one,
      'ann',
      cm({}, { managedFields: [{ manager: 'bob', operation: 'Apply', apiVersion: 'v1' }] }),
    ),
  ],
  'a name that is not the path': [apply(one, 'ann', configMap('b'))],
  'force belongs to apply alone': [made, merge(`${one}?force=true`, {})],
  'YAML is read': [
    apply(
      one,
      'ann',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: "1" # as text\n',
    ),
  ],
  'no YAML': [apply(one, 'ann', 'a: [b')],
  'a stale version is refused': [
    made,
    merge(one, { data: { x: '2' } }),
    apply(one, 'ann', cm({ z: '1' }, { resourceVersion: '<made.metadata.resourceVersion>' })),
  ],
  'a uid that is not there': [
    apply(one, 'ann', cm({}, { uid: '11111111-1111-1111-1111-111111111111' })),
  ],
  'containers are a map by name': [
    apply(web, 'ann', full),
    apply(
      web,
      'bob',
      dep({ template: { spec: { containers: [{ name: 'side', image: 's:1' }] } } }),
    ),
    apply(
      web,
      'bob',
      dep({ template: { spec: { containers: [{ name: 'app', image: 'app:2' }] } } }),
    ),
    apply(web, 'bob', dep({})),
  ],
  'replicas are given up to another': [
    apply(web, 'ann', { ...full, spec: { ...(full['spec'] as Json), replicas: 2 } }),
    merge(`${web}/scale?fieldManager=scaler`, { spec: { replicas: 4 } }),
    apply(web, 'ann', full),
    apply(web, 'ann', { ...full, spec: { ...(full['spec'] as Json), replicas: 2 } }),
  ],
  'a set of finalizers': [
    apply(one, 'ann', cm({}, { finalizers: ['example.com/a'] })),
    apply(one, 'bob', cm({}, { finalizers: ['example.com/b'] })),
    apply(one, 'ann', cm({})),
  ],
  'an atomic map': [
    apply(`${services}/s`, 'ann', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: { selector: { a: 'b' }, ports: [{ port: 80 }] },
    }),
    apply(`${services}/s`, 'bob', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: { selector: { c: 'd' } },
    }),
    force(`${services}/s`, 'bob', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: { selector: { c: 'd' } },
    }),
  ],
  'ports are a map by number and protocol': [
    apply(`${services}/s`, 'ann', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: { ports: [{ name: 'a', port: 80 }] },
    }),
    apply(`${services}/s`, 'bob', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: { ports: [{ name: 'b', port: 81 }] },
    }),
    apply(`${services}/s`, 'bob', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: { ports: [{ name: 'c', port: 80 }] },
    }),
  ],
  'the same key twice': [
    apply(`${services}/s`, 'ann', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: {
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 80 },
        ],
      },
    }),
  ],
  'owner references are a map by uid': [
    apply(
      one,
      'ann',
      cm(
        {},
        {
          ownerReferences: [
            {
              apiVersion: 'v1',
              kind: 'ConfigMap',
              name: 'o',
              uid: '22222222-2222-2222-2222-222222222222',
            },
          ],
        },
      ),
    ),
    apply(
      one,
      'bob',
      cm(
        {},
        {
          ownerReferences: [
            {
              apiVersion: 'v1',
              kind: 'ConfigMap',
              name: 'p',
              uid: '33333333-3333-3333-3333-333333333333',
            },
          ],
        },
      ),
    ),
  ],
  'status by itself': [
    apply(web, 'ann', full),
    apply(`${web}/status`, 'sue', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      status: { replicas: 3 },
    }),
    apply(web, 'ann', { ...full, status: { replicas: 9 } }),
  ],
  'an unknown field': [
    apply(one, 'ann', { ...cm({}), colour: 'red' }),
    apply(`${one}?fieldValidation=Strict`, 'ann', { ...cm({}), colour: 'red' }),
  ],
  'a value of a wrong type': [apply(web, 'ann', dep({ replicas: 'two' }))],
  'dry run': [apply(`${one}?dryRun=All`, 'ann', cm({ x: '1' })), get(one)],
  'invalid in the end': [apply(web, 'ann', dep({ replicas: 1 }))],
  'an object in a pod': [
    apply(`${pods}/p`, 'ann', pod('p', { securityContext: { runAsUser: 5 } })),
    apply(`${pods}/p`, 'bob', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', labels: { b: 'c' } },
    }),
  ],
  'managed fields can be emptied': [
    apply(one, 'ann', cm({ x: '1' })),
    merge(one, { metadata: { managedFields: [{}] } }),
    apply(one, 'bob', cm({ x: '2' })),
  ],
  'an update moves ownership from apply': [
    apply(one, 'ann', cm({ x: '1', y: '2' })),
    put(`${one}?fieldManager=bob`, cm({ x: '1', z: '3' })),
  ],
})

export const patchCases: readonly Case[] = [...json, ...merges, ...strategics, ...applies]
