/** Who may do what: rules and bindings, impersonation, reviews, tokens; and who is asked first: admission. */
import {
  apply,
  as,
  type Case,
  cases,
  configMap,
  get,
  type Json,
  merge,
  paths,
  post,
  put,
  remove,
  type Step,
  until,
  watch,
} from '../case.ts'

const { configMaps, roles, roleBindings, serviceAccounts, deployments } = paths
const one = `${configMaps}/a`
const rbac = '/apis/rbac.authorization.k8s.io/v1'
const clusterRoles = `${rbac}/clusterroles`
const clusterBindings = `${rbac}/clusterrolebindings`
const ann = '$id-ann'
const made = post(configMaps, configMap('a'))

const role = (rules: readonly Json[], name = 'r'): Json => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: { name },
  rules,
})
const binding = (subject: Json, name = 'r', kind = 'Role'): Json => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
  subjects: [subject],
})
const user = (name: string): Json => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name })
const allow = (
  verbs: readonly string[],
  resources: readonly string[] = ['configmaps'],
  more: Json = {},
): Json => ({
  apiGroups: [''],
  resources,
  verbs,
  ...more,
})
/** Ann may do this in the namespace; the step that waits shows when the server knows. */
const granted = (rules: readonly Json[], proof: Step, status = 200): readonly Step[] => [
  post(roles, role(rules)),
  post(roleBindings, binding(user(ann))),
  until(as(ann, proof), status),
]

const rules = cases('rules', {
  'nobody may do anything by birth': [
    made,
    as(ann, get(one)),
    as(ann, get(configMaps)),
    as(ann, post(configMaps, configMap('b'))),
    as(ann, merge(one, {})),
    as(ann, put(one, configMap('a'))),
    as(ann, remove(one)),
    as(ann, remove(configMaps)),
    as(ann, watch(configMaps, 1)),
    as(ann, get('/api/v1/nodes')),
    as(ann, get('/apis/apps/v1/deployments')),
    as(ann, get('/metrics')),
    as(ann, merge(`${deployments}/web/scale`, {})),
  ],
  'everybody may discover': [as(ann, get('/version')), as(ann, get('/healthz'))],
  'a Role and its binding allow': [
    made,
    ...granted([allow(['get', 'list'])], get(one)),
    as(ann, get(configMaps)),
    as(ann, remove(one)),
    as(ann, get('/api/v1/configmaps')),
    as(ann, get('/api/v1/namespaces/default/configmaps')),
  ],
  'a rule for one name': [
    made,
    ...granted(
      [allow(['get', 'update', 'list'], ['configmaps'], { resourceNames: ['a'] })],
      get(one),
    ),
    as(ann, get(`${configMaps}/b`)),
    as(ann, get(configMaps)),
    as(ann, get(`${configMaps}?fieldSelector=metadata.name=a`)),
  ],
  'a rule for a subresource': [
    ...granted([allow(['get'], ['pods/log', 'pods/status'])], get(`${paths.pods}/p/status`), 404),
    as(ann, get(`${paths.pods}/p`)),
  ],
  'stars allow all': [
    made,
    ...granted([{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }], get(one)),
    as(ann, get(deployments)),
    as(ann, get(`${deployments}/x/scale`)),
    as(ann, remove(one)),
  ],
  'a ClusterRole bound in a namespace': [
    made,
    post(clusterRoles, { metadata: { name: '$id' }, rules: [allow(['get'])] }),
    post(roleBindings, binding(user(ann), '$id', 'ClusterRole')),
    until(as(ann, get(one)), 200),
    as(ann, get('/api/v1/namespaces/default/configmaps/x')),
  ],
  'a ClusterRole bound everywhere': [
    post(clusterRoles, {
      metadata: { name: '$id' },
      rules: [allow(['get', 'list']), { nonResourceURLs: ['/metrics/*'], verbs: ['get'] }],
    }),
    post(clusterBindings, {
      ...binding(user(ann), '$id', 'ClusterRole'),
      kind: 'ClusterRoleBinding',
    }),
    until(as(ann, get('/api/v1/namespaces/default/configmaps/x')), 404),
    as(ann, get('/api/v1/secrets')),
  ],
  'a group': [
    made,
    post(roles, role([allow(['get'])])),
    post(
      roleBindings,
      binding({ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: '$id-crew' }),
    ),
    until(as(ann, get(one), ['$id-crew']), 200),
    as(ann, get(one), ['others']),
    as(ann, get(one)),
  ],
  'a service account': [
    made,
    post(roles, role([allow(['get'])])),
    post(roleBindings, binding({ kind: 'ServiceAccount', name: 'robot', namespace: '$ns' })),
    until(as('system:serviceaccount:$ns:robot', get(one)), 200),
    as('system:serviceaccount:$ns:other', get(one)),
  ],
  'rights go with the binding': [
    made,
    ...granted([allow(['get'])], get(one)),
    remove(`${roleBindings}/r`),
    until(as(ann, get(one)), 403),
    as(ann, get(one)),
  ],
  'a binding to nothing allows nothing': [
    post(roleBindings, binding(user(ann))),
    // Bindings are known a moment later.
    until(as(ann, get(one)), 403, 'not found'),
    as(ann, get(one)),
  ],
  'nobody gives what they lack': [
    ...granted(
      [
        {
          apiGroups: ['rbac.authorization.k8s.io'],
          resources: ['roles', 'rolebindings'],
          verbs: ['*'],
        },
        allow(['get']),
      ],
      get(roles),
    ),
    as(ann, post(roles, role([allow(['get'])], 'small'))),
    as(ann, post(roles, role([allow(['delete'])], 'large'))),
    as(ann, merge(`${roles}/small`, { rules: [allow(['get', 'list'])] })),
    as(ann, post(roleBindings, { ...binding(user(ann), 'r'), metadata: { name: 'mine' } })),
    as(
      ann,
      post(roleBindings, {
        ...binding(user(ann), 'cluster-admin', 'ClusterRole'),
        metadata: { name: 'admin' },
      }),
    ),
  ],
  'whoever may escalate and bind gives anything': [
    ...granted(
      [
        {
          apiGroups: ['rbac.authorization.k8s.io'],
          resources: ['roles', 'rolebindings', 'clusterroles'],
          verbs: ['*', 'escalate', 'bind'],
        },
      ],
      get(roles),
    ),
    as(ann, post(roles, role([allow(['delete'])], 'large'))),
  ],
  'checks of roles and bindings': [
    post(roles, role([{ verbs: ['get'] }])),
    post(roles, role([{ apiGroups: [''], resources: ['pods'], verbs: [] }])),
    post(roles, role([{ nonResourceURLs: ['/x'], verbs: ['get'] }])),
    post(roleBindings, binding({ kind: 'Robot', name: 'x' })),
    post(roleBindings, binding({ kind: 'ServiceAccount', name: 'x' })),
    post(roleBindings, {
      ...binding(user(ann)),
      roleRef: { apiGroup: '', kind: 'Role', name: 'r' },
    }),
    post(clusterRoles, {
      metadata: { name: '$id' },
      rules: [{ nonResourceURLs: ['/x'], resources: ['pods'], apiGroups: [''], verbs: ['get'] }],
    }),
  ],
  'roles add up': [
    post(clusterRoles, {
      metadata: { name: '$id', labels: { $id: 'yes' } },
      rules: [allow(['get'])],
    }),
    post(clusterRoles, {
      metadata: { name: '$id-all' },
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { $id: 'yes' } }] },
      rules: [],
    }),
  ],
  'the roles of a fresh cluster': [
    'cluster-admin',
    'system:discovery',
    'system:basic-user',
    'system:public-info-viewer',
  ].map((name) => get(`${clusterRoles}/${name}`, { pick: ['rules', 'aggregationRule'] })),
  'the bindings of a fresh cluster': [
    'cluster-admin',
    'system:discovery',
    'system:basic-user',
    'system:public-info-viewer',
  ].map((name) => get(`${clusterBindings}/${name}`, { pick: ['roleRef', 'subjects'] })),
})

const impersonation = cases('impersonation', {
  'needs the right': [
    ...granted([allow(['get'])], get(one), 404),
    { ...as(ann, get(one)), headers: { 'impersonate-user': ann, 'impersonate-uid': '5' } },
  ],
  'tells who one is': [
    as(
      ann,
      post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'SelfSubjectReview',
      }),
      ['crew'],
    ),
    {
      ...post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {}),
      headers: {
        'impersonate-user': ann,
        'impersonate-uid': 'u5',
        'impersonate-extra-scope': 'all',
      },
    },
    as(
      'system:serviceaccount:$ns:robot',
      post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {}),
    ),
    post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {}),
  ],
  'a group without a user': [{ ...get(configMaps), headers: { 'impersonate-group': 'crew' } }],
  'the anonymous user': [as('system:anonymous', get(configMaps))],
  'an admin by group': [made, as(ann, get(one), ['system:masters'])],
  'who writes is whom one is': [as(ann, post(configMaps, configMap('a')), ['system:masters'])],
})

const auth = '/apis/authorization.k8s.io/v1'
const asks = (attributes: Json): Json => ({ spec: { resourceAttributes: attributes } })

const reviews = cases('reviews', {
  'may I': [
    post(
      `${auth}/selfsubjectaccessreviews`,
      asks({ verb: 'get', resource: 'pods', namespace: '$ns' }),
    ),
    as(
      ann,
      post(
        `${auth}/selfsubjectaccessreviews`,
        asks({ verb: 'get', resource: 'pods', namespace: '$ns' }),
      ),
    ),
    ...granted([allow(['get'])], get(one), 404),
    as(
      ann,
      post(
        `${auth}/selfsubjectaccessreviews`,
        asks({ verb: 'get', resource: 'configmaps', namespace: '$ns' }),
      ),
    ),
    as(
      ann,
      post(`${auth}/selfsubjectaccessreviews`, asks({ verb: 'get', resource: 'configmaps' })),
    ),
    as(
      ann,
      post(`${auth}/selfsubjectaccessreviews`, {
        spec: { nonResourceAttributes: { path: '/healthz', verb: 'get' } },
      }),
    ),
  ],
  'may they': [
    ...granted([allow(['get'])], get(one), 404),
    post(`${auth}/subjectaccessreviews`, {
      spec: {
        user: ann,
        resourceAttributes: { verb: 'get', resource: 'configmaps', namespace: '$ns' },
      },
    }),
    post(`${auth}/subjectaccessreviews`, {
      spec: {
        user: ann,
        resourceAttributes: { verb: 'delete', resource: 'configmaps', namespace: '$ns' },
      },
    }),
    post(`${auth}/subjectaccessreviews`, {
      spec: {
        user: ann,
        groups: ['system:masters'],
        resourceAttributes: { verb: 'delete', resource: 'nodes' },
      },
    }),
    post(`${auth}/namespaces/$ns/localsubjectaccessreviews`, {
      spec: {
        user: ann,
        resourceAttributes: { verb: 'get', resource: 'configmaps', namespace: '$ns' },
      },
    }),
    post(`${auth}/namespaces/$ns/localsubjectaccessreviews`, {
      spec: {
        user: ann,
        resourceAttributes: { verb: 'get', resource: 'configmaps', namespace: 'default' },
      },
    }),
  ],
  'what makes no sense': [
    post(`${auth}/selfsubjectaccessreviews`, { spec: {} }),
    post(`${auth}/selfsubjectaccessreviews`, {
      spec: {
        resourceAttributes: { verb: 'get' },
        nonResourceAttributes: { path: '/', verb: 'get' },
      },
    }),
    post(`${auth}/subjectaccessreviews`, asks({ verb: 'get', resource: 'pods' })),
    get(`${auth}/selfsubjectaccessreviews`),
  ],
  'what may I': [
    ...granted([allow(['get'])], get(one), 404),
    as(ann, post(`${auth}/selfsubjectrulesreviews`, { spec: { namespace: '$ns' } })),
    post(`${auth}/selfsubjectrulesreviews`, { spec: {} }),
  ],
  'a token that works and one that does not': [
    post(serviceAccounts, { metadata: { name: 'robot' } }),
    post(`${serviceAccounts}/robot/token`, { spec: {} }, { save: 't' }),
    post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: '<t.status.token>' } }),
    {
      ...post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {}),
      token: 'none',
      headers: { authorization: 'Bearer <t.status.token>' },
    },
    { ...get(one), token: 'none', headers: { authorization: 'Bearer <t.status.token>' } },
    post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: 'nonsense' } }),
    post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: {} }),
    post('/apis/authentication.k8s.io/v1/tokenreviews', {
      spec: { token: '<t.status.token>', audiences: ['elsewhere'] },
    }),
  ],
  'a token goes with its account': [
    post(serviceAccounts, { metadata: { name: 'robot' } }),
    post(`${serviceAccounts}/robot/token`, { spec: {} }, { save: 't' }),
    remove(`${serviceAccounts}/robot`),
    until(
      { ...get(one), token: 'none', headers: { authorization: 'Bearer <t.status.token>' } },
      401,
    ),
    { ...get(one), token: 'none', headers: { authorization: 'Bearer <t.status.token>' } },
  ],
  'a token for a pod': [
    post(serviceAccounts, { metadata: { name: 'robot' } }),
    post(`${serviceAccounts}/robot/token`, {
      spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'none' } },
    }),
  ],
})

const registration = '/apis/admissionregistration.k8s.io/v1'
type Hook = { path: string; kind?: 'Mutating' | 'Validating'; more?: Json; rule?: Json }

function hook({ path, kind = 'Validating', more = {}, rule = {} }: Hook): Step {
  const plural =
    kind === 'Mutating' ? 'mutatingwebhookconfigurations' : 'validatingwebhookconfigurations'
  return post(`${registration}/${plural}`, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: `${kind}WebhookConfiguration`,
    metadata: { name: '$id' },
    webhooks: [
      {
        name: 'hook.example.com',
        clientConfig: { url: `$hook${path}`, caBundle: '$ca' },
        rules: [
          {
            apiGroups: [''],
            apiVersions: ['v1'],
            operations: ['CREATE'],
            resources: ['configmaps'],
            ...rule,
          },
        ],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': '$ns' } },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        ...more,
      },
    ],
  })
}

/** Tries until the server knows the webhook: what it says to a dry run of another name. */
const known = (status: number, says: string): Step =>
  until(post(`${configMaps}?dryRun=All`, configMap('probe')), status, says)
const quiet = (step: Step): Step => until(step, 201)

const admission = cases('admission', {
  'a webhook refuses': [
    quiet(hook({ path: '/deny' })),
    known(418, 'not today'),
    post(configMaps, configMap('a')),
  ],
  'a webhook refuses without a word': [
    quiet(hook({ path: '/deny-plain' })),
    known(400, 'denied'),
    post(configMaps, configMap('a')),
  ],
  'a webhook refuses with a reason': [
    quiet(hook({ path: '/deny-reason' })),
    known(400, 'denied'),
    post(configMaps, configMap('a')),
  ],
  'a webhook warns': [
    quiet(hook({ path: '/warn' })),
    quiet(hookProbe('/deny')),
    until(
      post(`${configMaps}?dryRun=All`, configMap('probe', {}, { labels: { probe: 'yes' } })),
      418,
    ),
    post(configMaps, configMap('a')),
  ],
  'a webhook changes': [
    quiet(hook({ path: '/label', kind: 'Mutating' })),
    known(201, 'hook'),
    post(configMaps, configMap('a')),
    apply(`${configMaps}/b`, 'ann', configMap('b')),
  ],
  'a webhook changes data that is checked again': [
    quiet(hook({ path: '/data', kind: 'Mutating' })),
    until(post(`${configMaps}?dryRun=All`, configMap('probe', { x: '1' })), 201, 'was here'),
    post(configMaps, configMap('a', { x: '1' })),
  ],
  'a webhook whose patch fails': [
    quiet(hook({ path: '/bad-patch', kind: 'Mutating' })),
    known(500, 'rror'),
    post(configMaps, configMap('a')),
  ],
  'a webhook that speaks no JSON': [
    quiet(hook({ path: '/no-json' })),
    known(500, 'failed'),
    post(configMaps, configMap('a')),
  ],
  'a webhook that answers for another': [
    quiet(hook({ path: '/wrong-uid' })),
    known(500, 'rror'),
    post(configMaps, configMap('a')),
  ],
  'a webhook that is not there refuses': [
    quiet(hook({ path: '/nowhere' })),
    known(500, 'failed'),
    post(configMaps, configMap('a')),
  ],
  'a webhook that is not there may be ignored': [
    quiet(hook({ path: '/nowhere', more: { failurePolicy: 'Ignore' } })),
    quiet(hookProbe('/deny')),
    until(
      post(`${configMaps}?dryRun=All`, configMap('probe', {}, { labels: { probe: 'yes' } })),
      418,
    ),
    post(configMaps, configMap('a')),
  ],
  'what a webhook is told': [
    made,
    quiet(hook({ path: '/tell', rule: { operations: ['*'] } })),
    known(400, 'denied'),
    post(configMaps, configMap('b')),
    merge(one, { data: { x: '1' } }),
    remove(one),
    post(`${configMaps}?dryRun=All`, configMap('b')),
    as(ann, post(configMaps, configMap('b')), ['system:masters']),
  ],
  'what a webhook is told of a subresource': [
    post(paths.pods, {
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'a', image: 'a' }] },
    }),
    quiet(
      hook({
        path: '/tell',
        rule: { operations: ['*'], resources: ['configmaps', 'pods/status', 'pods/eviction'] },
      }),
    ),
    known(400, 'denied'),
    merge(`${paths.pods}/p/status`, { status: { phase: 'Running' } }),
    post(`${paths.pods}/p/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'p' },
    }),
    merge(`${paths.pods}/p`, { metadata: { labels: { a: 'b' } } }),
  ],
  'a webhook for chosen objects': [
    quiet(hook({ path: '/deny', more: { objectSelector: { matchLabels: { probe: 'yes' } } } })),
    until(
      post(`${configMaps}?dryRun=All`, configMap('probe', {}, { labels: { probe: 'yes' } })),
      418,
    ),
    post(configMaps, configMap('a')),
  ],
  'a webhook with conditions': [
    quiet(
      hook({
        path: '/deny',
        more: {
          matchConditions: [{ name: 'probe', expression: "object.metadata.name == 'probe'" }],
        },
      }),
    ),
    known(418, 'not today'),
    post(configMaps, configMap('a')),
  ],
  'a webhook with side effects is refused': [
    hook({ path: '/deny', more: { sideEffects: 'Some' } }),
  ],
  'checks of webhooks': [
    hook({ path: '/allow', more: { name: 'short' } }),
    hook({ path: '/allow', more: { sideEffects: undefined } }),
    hook({ path: '/allow', more: { timeoutSeconds: 60 } }),
    hook({ path: '/allow', more: { clientConfig: {} } }),
    hook({ path: '/allow', more: { admissionReviewVersions: ['v9'] } }),
  ],
  'a policy refuses': [
    post(`${registration}/validatingadmissionpolicies`, {
      metadata: { name: '$id' },
      spec: {
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: [''],
              apiVersions: ['v1'],
              operations: ['CREATE', 'UPDATE'],
              resources: ['configmaps'],
            },
          ],
        },
        validations: [
          { expression: "!has(object.data) || !('bad' in object.data)", message: 'no bad data' },
        ],
      },
    }),
    post(`${registration}/validatingadmissionpolicybindings`, {
      metadata: { name: '$id' },
      spec: {
        policyName: '$id',
        validationActions: ['Deny'],
        matchResources: {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': '$ns' } },
        },
      },
    }),
  ],
})

/** A second webhook that refuses what bears the label `probe`, by which one sees that both are known. */
function hookProbe(path: string): Step {
  const step = hook({
    path,
    more: { name: 'probe.example.com', objectSelector: { matchLabels: { probe: 'yes' } } },
  })
  const body = step.body as Json
  return { ...step, body: { ...body, metadata: { name: '$id-probe' } } }
}

/** What has a case of its own, since the local server lacks it. */
function omitted(group: string): { readonly omit?: readonly string[] } {
  const omit = lacked[group]
  return omit === undefined ? {} : { omit }
}

const lacked: Readonly<Record<string, readonly string[]>> = {
  'autoscaling/v2': ['v1'],
  'networking.k8s.io/v1': ['ipaddresses', 'servicecidrs', 'servicecidrs/status'],
  'admissionregistration.k8s.io/v1': [
    'validatingadmissionpolicies',
    'validatingadmissionpolicies/status',
    'validatingadmissionpolicybindings',
  ],
}

const faces = cases('discovery', {
  'the version': [get('/version')],
  'the core group': [
    get('/api'),
    get('/api/v1', {
      omit: [
        'bindings',
        'componentstatuses',
        ...['attach', 'ephemeralcontainers', 'exec', 'portforward', 'resize'].map(
          (name) => `pods/${name}`,
        ),
      ],
    }),
  ],
  'bindings that name their pod': [post('/api/v1/namespaces/default/bindings', {})],
  'the health of components': [get('/api/v1/componentstatuses', { pick: ['kind', 'message'] })],
  'commands in pods': ['attach', 'exec', 'portforward'].map((way) =>
    post(`/api/v1/namespaces/default/pods/none/${way}`, {}),
  ),
  'containers added to pods': [get('/api/v1/namespaces/default/pods/none/ephemeralcontainers')],
  'pods of another size': [get('/api/v1/namespaces/default/pods/none/resize')],
  'addresses of Services as objects': [
    get('/apis/networking.k8s.io/v1/ipaddresses', { pick: ['kind', 'message'] }),
    get('/apis/networking.k8s.io/v1/servicecidrs', { pick: ['kind', 'message'] }),
  ],
  'the group of workloads': [get('/apis/apps'), get('/apis/apps/v1')],
  ...Object.fromEntries(
    [
      'batch/v1',
      'autoscaling/v1',
      'autoscaling/v2',
      'networking.k8s.io/v1',
      'policy/v1',
      'rbac.authorization.k8s.io/v1',
      'coordination.k8s.io/v1',
      'discovery.k8s.io/v1',
      'events.k8s.io/v1',
      'apiextensions.k8s.io/v1',
      'admissionregistration.k8s.io/v1',
      'authentication.k8s.io/v1',
      'authorization.k8s.io/v1',
      'storage.k8s.io/v1',
      'scheduling.k8s.io/v1',
      'apiregistration.k8s.io/v1',
      'certificates.k8s.io/v1',
      'node.k8s.io/v1',
    ].map((group) => [
      group.replace('/', ' '),
      [get(`/apis/${group.split('/')[0]}`, omitted(group)), get(`/apis/${group}`, omitted(group))],
    ]),
  ),
  'the namespaces of a fresh cluster': [
    get('/api/v1/namespaces/default'),
    get('/api/v1/namespaces/kube-public'),
  ],
})

export const accessCases: readonly Case[] = [
  ...rules,
  ...impersonation,
  ...reviews,
  ...admission,
  ...faces,
]
