/** Who may do what: refusals word for word as a kube-apiserver 1.34 gives them, roles, escalation, reviews. */
import { beforeEach, expect, test } from 'vitest'
import { serviceAccount } from '../auth/users.ts'
import type { User } from '../machine.ts'
import { type Asker, askAs, freshServer, type Json } from '../testing/ask.ts'

const group = 'rbac.authorization.k8s.io'
const rbac = `/apis/${group}/v1`
const inDefault = '/api/v1/namespaces/default'
const jane: User = { name: 'jane', groups: ['team-a', 'team-b', 'system:authenticated'] }
const bob: User = { name: 'bob', groups: ['system:authenticated'] }
const robot = serviceAccount('default', 'robot')
const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] }

let admin: Asker
beforeEach(async () => {
  admin = await freshServer()
})

type Rule = { [field: string]: readonly string[] }
const pods = (...verbs: string[]): Rule => ({ apiGroups: [''], resources: ['pods'], verbs })
const userSubject = (name: string): Json => ({ kind: 'User', name })

async function made(path: string, body: Json): Promise<void> {
  const { status, body: said } = await admin.post(path, body)
  expect([status, said.message]).toEqual([201, undefined])
}

/** A role in `default` or, without a namespace, for the whole cluster. */
function role(name: string, rules: readonly Rule[], namespace = 'default'): Promise<void> {
  const place = namespace === '' ? 'clusterroles' : `namespaces/${namespace}/roles`
  return made(`${rbac}/${place}`, { metadata: { name }, rules })
}

type Bound = { readonly to: Json; readonly namespace?: string; readonly kind?: string }

function bind(roleName: string, { to, namespace = 'default', kind = 'Role' }: Bound) {
  const place = namespace === '' ? 'clusterrolebindings' : `namespaces/${namespace}/rolebindings`
  return made(`${rbac}/${place}`, {
    metadata: { name: `${roleName}-${String(to.name)}` },
    roleRef: { kind, name: roleName },
    subjects: [to],
  })
}

const to = (name: string): Bound => ({ to: userSubject(name) })
const everywhere = (name: string): Bound => ({
  to: userSubject(name),
  namespace: '',
  kind: 'ClusterRole',
})

const refusals: [string, User, string, string, string][] = [
  [
    'a list in a namespace',
    jane,
    'GET',
    `${inDefault}/secrets`,
    'secrets is forbidden: User "jane" cannot list resource "secrets" in API group "" in the namespace "default"',
  ],
  [
    'a list of the whole cluster',
    jane,
    'GET',
    '/apis/apps/v1/deployments',
    'deployments.apps is forbidden: User "jane" cannot list resource "deployments" in API group "apps" at the cluster scope',
  ],
  [
    'a watch of one name',
    jane,
    'GET',
    '/api/v1/pods?watch=1&fieldSelector=metadata.name=p',
    'pods "p" is forbidden: User "jane" cannot watch resource "pods" in API group "" at the cluster scope',
  ],
  [
    'a watch in the old form',
    jane,
    'GET',
    '/api/v1/watch/namespaces/default/secrets/s',
    'secrets "s" is forbidden: User "jane" cannot watch resource "secrets" in API group "" in the namespace "default"',
  ],
  [
    'a subresource',
    jane,
    'GET',
    `${inDefault}/pods/x/log`,
    'pods "x" is forbidden: User "jane" cannot get resource "pods/log" in API group "" in the namespace "default"',
  ],
  [
    'a namespace',
    jane,
    'PUT',
    `${inDefault}/finalize`,
    'namespaces "default" is forbidden: User "jane" cannot update resource "namespaces/finalize" in API group "" in the namespace "default"',
  ],
  [
    'a whole collection',
    jane,
    'DELETE',
    `${inDefault}/pods`,
    'pods is forbidden: User "jane" cannot deletecollection resource "pods" in API group "" in the namespace "default"',
  ],
  [
    'a kind that is not served',
    jane,
    'GET',
    '/apis/foo.com/v1/namespaces/default/x',
    'x.foo.com is forbidden: User "jane" cannot list resource "x" in API group "foo.com" in the namespace "default"',
  ],
  [
    'a path',
    jane,
    'GET',
    '/nothere/a%20b<c>',
    'forbidden: User "jane" cannot get path "/nothere/a b&lt;c&gt;"',
  ],
  [
    'discovery for nobody',
    anonymous,
    'GET',
    '/api',
    'forbidden: User "system:anonymous" cannot get path "/api"',
  ],
  [
    'a service account',
    robot,
    'GET',
    `${inDefault}/pods`,
    'pods is forbidden: User "system:serviceaccount:default:robot" cannot list resource "pods" in API group "" in the namespace "default"',
  ],
]
for (const [what, user, method, path, message] of refusals) {
  test(`refuses ${what}`, async () => {
    const answer = await askAs(admin.server, user).ask(method as 'GET', path)
    expect([answer.status, answer.body.reason, answer.body.message]).toEqual([
      403,
      'Forbidden',
      message,
    ])
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
  })
}

test('a refusal names the object as a Status does', async () => {
  const { body } = await askAs(admin.server, jane).get('/apis/apps/v1/namespaces/d/deployments/x')
  expect(body.details).toEqual({ name: 'x', group: 'apps', kind: 'deployments' })
})

const open: [string, User, string][] = [
  ['health is for everybody', anonymous, '/healthz'],
  ['readiness is for everybody', anonymous, '/readyz'],
  ['the version is for everybody', anonymous, '/version'],
  ['discovery is for the authenticated', bob, '/apis'],
  ['schemas are for the authenticated', bob, '/openapi/v3'],
  ['the keys are for service accounts', robot, '/openid/v1/jwks'],
]
for (const [sentence, user, path] of open) {
  test(sentence, async () => {
    expect((await askAs(admin.server, user).get(path)).status).toBe(200)
  })
}

type Asked = Partial<Record<'verb' | 'group' | 'resource' | 'subresource' | 'name', string>>
const rules: [string, Rule, Asked, boolean][] = [
  ['the verb', pods('get'), { verb: 'get', resource: 'pods' }, true],
  ['another verb', pods('get'), { verb: 'list', resource: 'pods' }, false],
  ['every verb', pods('*'), { verb: 'promote', resource: 'pods' }, true],
  ['another group', pods('*'), { verb: 'get', group: 'x', resource: 'pods' }, false],
  [
    'every group',
    { ...pods('get'), apiGroups: ['*'] },
    { verb: 'get', group: 'x', resource: 'pods' },
    true,
  ],
  [
    'not its subresources',
    pods('get'),
    { verb: 'get', resource: 'pods', subresource: 'log' },
    false,
  ],
  [
    'a subresource',
    { ...pods('get'), resources: ['pods/log'] },
    { verb: 'get', resource: 'pods', subresource: 'log' },
    true,
  ],
  [
    'a subresource of everything',
    { ...pods('get'), resources: ['*/scale'] },
    { verb: 'get', resource: 'x', subresource: 'scale' },
    true,
  ],
  [
    'every resource and subresource',
    { ...pods('get'), resources: ['*'] },
    { verb: 'get', resource: 'x', subresource: 'y' },
    true,
  ],
  [
    'a name',
    { ...pods('get'), resourceNames: ['a', 'b'] },
    { verb: 'get', resource: 'pods', name: 'b' },
    true,
  ],
  [
    'another name',
    { ...pods('get'), resourceNames: ['a'] },
    { verb: 'get', resource: 'pods', name: 'b' },
    false,
  ],
  [
    'names but no lists',
    { ...pods('list'), resourceNames: ['a'] },
    { verb: 'list', resource: 'pods' },
    false,
  ],
]
for (const [what, rule, asked, allowed] of rules) {
  test(`a rule covers ${what}: ${allowed}`, async () => {
    await role('r', [rule])
    await bind('r', to('jane'))
    const { body } = await askAs(admin.server, jane).post(
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      { spec: { resourceAttributes: { namespace: 'default', ...asked } } },
    )
    expect(body.status).toEqual(
      allowed
        ? {
            allowed,
            reason: 'RBAC: allowed by RoleBinding "r-jane/default" of Role "r" to User "jane"',
          }
        : { allowed },
    )
  })
}

const paths: [string, string, boolean][] = [
  ['/metrics', '/metrics', true],
  ['/metrics', '/metrics/x', false],
  ['/metrics/*', '/metrics/x', true],
  ['*', '/anything', true],
]
for (const [own, path, allowed] of paths) {
  test(`a rule for ${own} covers ${path}: ${allowed}`, async () => {
    await role('p', [{ nonResourceURLs: [own], verbs: ['get'] }], '')
    await bind('p', everywhere('bob'))
    const { body } = await admin.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      spec: { user: 'bob', nonResourceAttributes: { path, verb: 'get' } },
    })
    expect(body.status.allowed).toBe(allowed)
  })
}

test('a role counts in its namespace alone, and no longer than it is there', async () => {
  const hers = askAs(admin.server, jane)
  const look = async () => [
    (await hers.get(`${inDefault}/pods`)).status,
    (await hers.get('/api/v1/namespaces/kube-system/pods')).status,
    (await hers.get('/api/v1/pods')).status,
  ]
  expect(await look()).toEqual([403, 403, 403])
  await role('r', [pods('list')])
  await bind('r', to('jane'))
  expect(await look()).toEqual([200, 403, 403])
  await admin.patch(`${rbac}/namespaces/default/roles/r`, 'merge', { rules: [pods('get')] })
  expect(await look()).toEqual([403, 403, 403])
  await admin.patch(`${rbac}/namespaces/default/roles/r`, 'merge', { rules: [pods('list')] })
  await admin.remove(`${rbac}/namespaces/default/rolebindings/r-jane`)
  expect(await look()).toEqual([403, 403, 403])
})

test('a cluster role counts where it is bound', async () => {
  await role('lister', [pods('list')], '')
  await bind('lister', { ...to('jane'), kind: 'ClusterRole' })
  const hers = askAs(admin.server, jane)
  expect((await hers.get('/api/v1/pods')).status).toBe(403)
  expect((await hers.get(`${inDefault}/pods`)).status).toBe(200)
  await bind('lister', everywhere('jane'))
  expect((await hers.get('/api/v1/pods')).status).toBe(200)
})

const subjects: [string, Json, User][] = [
  ['a group', { kind: 'Group', name: 'team-b' }, jane],
  [
    'an account of another namespace',
    { kind: 'ServiceAccount', name: 'w', namespace: 'kube-system' },
    serviceAccount('kube-system', 'w'),
  ],
  ['an account of its own namespace', { kind: 'ServiceAccount', name: 'robot' }, robot],
  ['all accounts of a namespace', { kind: 'Group', name: 'system:serviceaccounts:default' }, robot],
]
for (const [what, subject, user] of subjects) {
  test(`a binding is for ${what}`, async () => {
    await role('r', [pods('list')])
    await bind('r', { to: subject })
    expect((await askAs(admin.server, user).get(`${inDefault}/pods`)).status).toBe(200)
    expect((await askAs(admin.server, bob).get(`${inDefault}/pods`)).status).toBe(403)
  })
}

test('roles that are not there are told', async () => {
  await bind('missing', to('jane'))
  await bind('gone', everywhere('jane'))
  const { body } = await askAs(admin.server, jane).get(`${inDefault}/secrets`)
  expect(body.message).toBe(
    'secrets is forbidden: User "jane" cannot list resource "secrets" in API group "" in the namespace "default": RBAC: [clusterrole.rbac.authorization.k8s.io "gone" not found, role.rbac.authorization.k8s.io "missing" not found]',
  )
})

test('a write that creates needs the right to create', async () => {
  await role('r', [
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['patch', 'update'] },
  ])
  await bind('r', to('jane'))
  const hers = askAs(admin.server, jane)
  const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases/l'
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l' } }
  const answers = [await hers.put(path, lease), await hers.apply(path, 'm', lease)]
  for (const { status, body } of answers) {
    expect([status, body.message]).toEqual([
      403,
      'leases.coordination.k8s.io "l" is forbidden: User "jane" cannot create resource "leases" in API group "coordination.k8s.io" in the namespace "default"',
    ])
  }
  await admin.put(path, lease)
  expect((await hers.apply(path, 'm', lease)).status).toBe(200)
})

test('what is bound at first is what a kube-apiserver binds at first', async () => {
  const count = async (plural: string) => (await admin.get(`${rbac}/${plural}`)).body.items.length
  expect([
    await count('clusterroles'),
    await count('clusterrolebindings'),
    await count('roles'),
    await count('rolebindings'),
  ]).toEqual([68, 49, 7, 7])
  const { body } = await admin.get(`${rbac}/clusterrolebindings/cluster-admin`)
  expect(body.subjects).toEqual([{ kind: 'Group', apiGroup: group, name: 'system:masters' }])
  expect(body.metadata.annotations).toEqual({
    'rbac.authorization.kubernetes.io/autoupdate': 'true',
  })
})

test('every cluster has its own copies', async () => {
  const other = await freshServer()
  const uid = async (asker: Asker) =>
    (await asker.get(`${rbac}/clusterroles/view`)).body.metadata.uid
  expect(await uid(admin)).not.toBe(await uid(other))
  await admin.remove(`${rbac}/clusterroles/view`)
  expect((await other.get(`${rbac}/clusterroles/view`)).status).toBe(200)
})

test('view reads, edit writes, admin hands out, none of them sees the cluster', async () => {
  for (const name of ['view', 'edit', 'admin']) {
    await bind(name, { to: userSubject(name), kind: 'ClusterRole' })
  }
  const may = async (user: string, verb: string, resource: string, of = '') => {
    const { body } = await admin.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      spec: { user, resourceAttributes: { namespace: 'default', verb, resource, group: of } },
    })
    return body.status.allowed
  }
  const table = await Promise.all(
    ['view', 'edit', 'admin'].map(async (user) => [
      await may(user, 'list', 'deployments', 'apps'),
      await may(user, 'get', 'secrets'),
      await may(user, 'create', 'pods'),
      await may(user, 'create', 'rolebindings', group),
      await may(user, 'list', 'nodes'),
    ]),
  )
  expect(table).toEqual([
    [true, false, false, false, false],
    [true, true, true, false, false],
    [true, true, true, true, false],
  ])
})

test('a labelled role is gathered by the roles that ask for it, and leaves them again', async () => {
  const label = { [`${group}/aggregate-to-view`]: 'true' }
  const releases = { apiGroups: ['headgate.dev'], resources: ['releases'], verbs: ['get'] }
  const has = async (name: string) => {
    const { body } = await admin.get(`${rbac}/clusterroles/${name}`)
    return (body.rules as Rule[]).some(({ apiGroups }) => apiGroups?.[0] === 'headgate.dev')
  }
  await made(`${rbac}/clusterroles`, { metadata: { name: 'v', labels: label }, rules: [releases] })
  // edit gathers what is labelled for view's own reader, admin what edit has.
  expect([await has('view'), await has('edit'), await has('admin')]).toEqual([true, true, true])
  const { body } = await admin.get(`${rbac}/clusterroles/view`)
  expect(body.metadata.managedFields[0]).toMatchObject({
    manager: 'clusterrole-aggregation-controller',
    operation: 'Apply',
    fieldsV1: { 'f:rules': {} },
  })
  await admin.remove(`${rbac}/clusterroles/v`)
  expect([await has('view'), await has('edit'), await has('admin')]).toEqual([false, false, false])
})

test('roles that gather one another settle', async () => {
  const gathers = (name: string, own: string, wanted: string) =>
    made(`${rbac}/clusterroles`, {
      metadata: { name, labels: { for: own } },
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { for: wanted } }] },
    })
  await gathers('one', 'a', 'b')
  await gathers('two', 'b', 'a')
  await made(`${rbac}/clusterroles`, {
    metadata: { name: 'leaf', labels: { for: 'a' } },
    rules: [pods('get')],
  })
  const { body } = await admin.get(`${rbac}/clusterroles/one`)
  expect(body.rules).toEqual([pods('get')])
})

const mayWriteRoles: Rule = {
  apiGroups: [group],
  resources: ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'],
  verbs: ['create', 'update', 'patch', 'get'],
}
const wants = 'is attempting to grant RBAC permissions not currently held:'
const janeSays = `user "jane" (groups=["team-a" "team-b" "system:authenticated"]) ${wants}`
const secrets = { apiGroups: [''], resources: ['secrets', 'pods'], verbs: ['get', 'list'] }

const climbs: [string, string, Json, number, string][] = [
  [
    'a role with more than she has',
    'namespaces/default/roles',
    { rules: [secrets, { ...pods('get'), resources: ['secrets'], resourceNames: ['a'] }] },
    403,
    `roles.${group} "new" is forbidden: ${janeSays}\n{APIGroups:[""], Resources:["secrets"], ResourceNames:["a"], Verbs:["get"]}\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}`,
  ],
  [
    'a role with what she has',
    'namespaces/default/roles',
    { rules: [pods('get', 'list')] },
    201,
    '',
  ],
  [
    'a cluster role for a path',
    'clusterroles',
    { rules: [{ nonResourceURLs: ['/x'], verbs: ['get'] }] },
    403,
    `clusterroles.${group} "new" is forbidden: ${janeSays}\n{NonResourceURLs:["/x"], Verbs:["get"]}`,
  ],
  [
    'an aggregation rule',
    'clusterroles',
    { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] } },
    403,
    `clusterroles.${group} "new" is forbidden: must have cluster-admin privileges to use the aggregationRule`,
  ],
  [
    'a binding to more than she has',
    'namespaces/default/rolebindings',
    { roleRef: { kind: 'ClusterRole', name: 'cluster-admin' } },
    403,
    `rolebindings.${group} "new" is forbidden: ${janeSays}\n{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n{NonResourceURLs:["*"], Verbs:["*"]}`,
  ],
  [
    'a binding to what she has',
    'namespaces/default/rolebindings',
    { roleRef: { kind: 'Role', name: 'reader' } },
    201,
    '',
  ],
  [
    'a binding to nothing',
    'namespaces/default/rolebindings',
    { roleRef: { kind: 'Role', name: 'nope' } },
    404,
    `rolebindings.${group} "nope" not found`,
  ],
  [
    'a binding to no kind of role',
    'namespaces/default/rolebindings',
    { roleRef: { kind: 'Foo', name: 'nope' } },
    500,
    'unsupported role reference kind: "Foo"',
  ],
]
for (const [what, place, body, status, message] of climbs) {
  test(`nobody climbs: ${what}`, async () => {
    await role('reader', [pods('get', 'list')])
    await bind('reader', to('jane'))
    await role('writer', [mayWriteRoles], '')
    await bind('writer', everywhere('jane'))
    const hers = askAs(admin.server, jane)
    const answer = await hers.post(`${rbac}/${place}`, { metadata: { name: 'new' }, ...body })
    expect([answer.status, answer.body.message ?? '']).toEqual([status, message])
  })
}

test('a role is not widened by patch, replace or apply either', async () => {
  await role('writer', [mayWriteRoles], '')
  await bind('writer', everywhere('jane'))
  await role('r', [pods('get')])
  const hers = askAs(admin.server, jane)
  const path = `${rbac}/namespaces/default/roles/r`
  const wide = {
    apiVersion: `${group}/v1`,
    kind: 'Role',
    metadata: { name: 'r' },
    rules: [secrets],
  }
  const answers = [
    await hers.put(path, wide),
    await hers.patch(path, 'merge', { rules: [secrets] }),
    await hers.apply(path, 'm', wide, true),
  ]
  expect(answers.map(({ status }) => status)).toEqual([403, 403, 403])
  // What garbage collection needs stays possible, even with rules that she does not have.
  const collected = await hers.patch(path, 'merge', { metadata: { finalizers: ['x.io/y'] } })
  expect(collected.status).toBe(200)
})

test('the verbs escalate and bind allow what would be refused', async () => {
  await role(
    'binder',
    [
      { ...mayWriteRoles, resources: ['clusterroles'], verbs: ['bind'], resourceNames: ['view'] },
      { ...mayWriteRoles, resources: ['rolebindings'], verbs: ['create'] },
      { ...mayWriteRoles, resources: ['roles'], verbs: ['escalate', 'create'] },
    ],
    '',
  )
  await bind('binder', everywhere('bob'))
  const his = askAs(admin.server, bob)
  const binding = (name: string) =>
    his.post(`${rbac}/namespaces/default/rolebindings`, {
      metadata: { name },
      roleRef: { kind: 'ClusterRole', name },
    })
  const everything = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] }
  const all = { metadata: { name: 'all' }, rules: [everything] }
  expect([
    (await binding('view')).status,
    (await binding('edit')).status,
    (await his.post(`${rbac}/namespaces/default/roles`, all)).status,
  ]).toEqual([201, 403, 201])
})

const invalid: [string, string, Json, string][] = [
  [
    'a rule that says nothing',
    'namespaces/default/roles',
    { rules: [{}, { verbs: ['get'], nonResourceURLs: ['/x'], resources: ['a'] }] },
    `Role.${group} "e" is invalid: [rules[0].verbs: Required value: verbs must contain at least one value, rules[0].apiGroups: Required value: resource rules must supply at least one api group, rules[0].resources: Required value: resource rules must supply at least one resource, rules[1].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs, rules[1].nonResourceURLs: Invalid value: ["/x"]: rules cannot apply to both regular resources and non-resource URLs]`,
  ],
  [
    'an aggregation of nothing',
    'clusterroles',
    { aggregationRule: {} },
    `ClusterRole.${group} "e" is invalid: aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil`,
  ],
  [
    'a cluster binding to a role of a namespace',
    'clusterrolebindings',
    {
      roleRef: { apiGroup: '', kind: 'Role', name: 'a/b' },
      subjects: [{ kind: 'ServiceAccount', name: 'a' }],
    },
    `ClusterRoleBinding.${group} "e" is invalid: [roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole", roleRef.name: Invalid value: "a/b": may not contain '/', subjects[0].namespace: Required value]`,
  ],
  [
    'a binding to nobody known',
    'namespaces/default/rolebindings',
    {
      roleRef: { apiGroup: 'x', kind: 'Foo', name: '' },
      subjects: [
        { kind: 'User' },
        { kind: 'Foo', name: 'x' },
        { kind: 'ServiceAccount', name: 'b', apiGroup: 'x' },
        { kind: 'Group', apiGroup: 'x', name: 'g' },
      ],
    },
    `RoleBinding.${group} "e" is invalid: [roleRef.apiGroup: Unsupported value: "x": supported values: "${group}", roleRef.kind: Unsupported value: "Foo": supported values: "Role", "ClusterRole", roleRef.name: Required value, subjects[0].name: Required value, subjects[1].kind: Unsupported value: "Foo": supported values: "ServiceAccount", "User", "Group", subjects[2].apiGroup: Unsupported value: "x": supported values: "", subjects[3].apiGroup: Unsupported value: "x": supported values: "${group}"]`,
  ],
]
for (const [what, place, body, message] of invalid) {
  test(`refuses ${what}`, async () => {
    const answer = await admin.post(`${rbac}/${place}`, { metadata: { name: 'e' }, ...body })
    expect([answer.status, answer.body.message]).toEqual([422, message])
  })
}

test('a binding never turns to another role', async () => {
  await bind('a', to('jane'))
  const path = `${rbac}/namespaces/default/rolebindings/a-jane`
  const answer = await admin.patch(path, 'merge', { roleRef: { name: 'b' } })
  expect([answer.status, answer.body.message]).toEqual([
    422,
    `RoleBinding.${group} "a-jane" is invalid: roleRef: Invalid value: {"APIGroup":"${group}","Kind":"Role","Name":"b"}: cannot change roleRef`,
  ])
})

const authorization = '/apis/authorization.k8s.io/v1'
const local = `${authorization}/namespaces/default/localsubjectaccessreviews`
const reviews: [string, string, Json, number, string | Json][] = [
  [
    'masters may do everything',
    `${authorization}/subjectaccessreviews`,
    { spec: { groups: ['system:masters'], nonResourceAttributes: { path: '/x', verb: 'get' } } },
    201,
    { allowed: true },
  ],
  [
    'a review about nothing',
    `${authorization}/subjectaccessreviews`,
    { spec: {} },
    422,
    '.authorization.k8s.io "" is invalid: [spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified, spec.user: Invalid value: "": at least one of user or group must be specified]',
  ],
  [
    'a local review in its namespace',
    local,
    { spec: { user: 'x', resourceAttributes: { namespace: 'default', verb: 'get' } } },
    201,
    { allowed: false },
  ],
  [
    'a local review of elsewhere',
    local,
    { spec: { user: 'x', resourceAttributes: { namespace: 'other', verb: 'get' } } },
    422,
    '.authorization.k8s.io "" is invalid: spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace',
  ],
  [
    'rules of no namespace',
    `${authorization}/selfsubjectrulesreviews`,
    { spec: {} },
    400,
    'no namespace on request',
  ],
]
for (const [what, path, body, status, said] of reviews) {
  test(`review: ${what}`, async () => {
    const answer = await admin.post(path, body)
    expect([
      answer.status,
      answer.body.code === undefined ? answer.body.status : answer.body.message,
    ]).toEqual([status, said])
  })
}

test('the rules of somebody are listed with those of everybody', async () => {
  await role('r', [pods('get'), { ...pods('get'), resourceNames: ['a'] }])
  await bind('r', to('jane'))
  await bind('gone', to('jane'))
  const hers = askAs(admin.server, jane)
  const { body } = await hers.post(`${authorization}/selfsubjectrulesreviews`, {
    spec: { namespace: 'default' },
  })
  expect(body.status.resourceRules.slice(-2)).toEqual([
    { verbs: ['get'], apiGroups: [''], resources: ['pods'] },
    { verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['a'] },
  ])
  expect(body.status.nonResourceRules.at(0).nonResourceURLs).toContain('/api/*')
  expect([body.status.incomplete, body.status.evaluationError]).toEqual([
    false,
    `role.${group} "gone" not found`,
  ])
})

test('roles are read once and again only when one changes', async () => {
  await role('r', [pods('list')])
  await bind('r', to('jane'))
  const hers = askAs(admin.server, jane)
  const { store } = admin.server
  const [list, get] = [store.list.bind(store), store.get.bind(store)]
  let reads = 0
  const counted = (storage: string): void => {
    if (storage.startsWith(group)) reads += 1
  }
  store.list = (...of) => {
    counted(of[0])
    return list(...of)
  }
  store.get = (...of) => {
    counted(of[0])
    return get(...of)
  }
  const readsOf = async (times: number): Promise<number> => {
    reads = 0
    for (let count = 0; count < times; count += 1) await hers.get(`${inDefault}/pods`)
    return reads
  }
  expect(await readsOf(1)).toBeGreaterThan(0)
  expect(await readsOf(100)).toBe(0)
  await role('other', [pods('get')])
  expect(await readsOf(100)).toBe(0)
  await bind('other', to('bob'))
  expect(await readsOf(100)).toBe(1)
})
