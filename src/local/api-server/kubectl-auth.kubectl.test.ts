/** The real kubectl and rights: who am I, may I, tokens, roles, `--as`, and the sentences of a refusal. */
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemPorts } from '#kube/system.ts'
import { type RunningApiServer, startApiServer } from './start.ts'
import { kubectlFolder } from './testing/kubectl.ts'

let api: RunningApiServer
const { file, kubectl, remove } = kubectlFolder()

const group = 'rbac.authorization.k8s.io'
const aggregated = `apiVersion: ${group}/v1
kind: ClusterRole
metadata: {name: crd-viewer, labels: {${group}/aggregate-to-view: "true"}}
rules: [{apiGroups: [apiextensions.k8s.io], resources: [customresourcedefinitions], verbs: [list]}]
`
const gathering = `apiVersion: ${group}/v1
kind: ClusterRole
metadata: {name: monitoring}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {for: monitoring}}]}
rules: []
`
const reconciled = `apiVersion: ${group}/v1
kind: Role
metadata: {name: pod-reader, namespace: default}
rules: [{apiGroups: [""], resources: [pods/log], verbs: [get]}]
`

beforeAll(async () => {
  api = await startApiServer({ ports: systemPorts() })
  api.tokens.set('token-of-jane', {
    name: 'jane',
    uid: 'uid-of-jane',
    groups: ['team-a', 'system:authenticated'],
  })
  const mary = await api.clientCertificate({ name: 'mary', groups: ['team-b'] })
  const configs = {
    config: api.kubeconfig(),
    jane: api.kubeconfig({ token: 'token-of-jane' }),
    mary: api.kubeconfig(mary),
    nobody: api.kubeconfig({ token: 'token-of-nobody' }),
  }
  for (const [name, text] of Object.entries(configs)) {
    writeFileSync(file(name), text, { mode: 0o600 })
  }
  writeFileSync(file('aggregated.yaml'), aggregated)
  writeFileSync(file('gathering.yaml'), gathering)
  writeFileSync(file('reconciled.yaml'), reconciled)
})

afterAll(async () => {
  await api.close()
  remove()
})

type Said = string | RegExp
/** Commands in order: whose kubeconfig, the command, what it must say. */
const story: [string, string, Said][] = [
  [
    'config',
    'auth whoami',
    /Username +kubernetes-admin\nGroups +\[system:masters system:authenticated\]/,
  ],
  [
    'jane',
    'auth whoami',
    /Username +jane\nUID +uid-of-jane\nGroups +\[team-a system:authenticated\]/,
  ],
  [
    'mary',
    'auth whoami',
    /Username +mary\nGroups +\[team-b system:authenticated\]\nExtra: authentication.kubernetes.io\/credential-id +\[X509SHA256=/,
  ],
  ['nobody', 'auth whoami', 'error: You must be logged in to the server'],
  ['nobody', 'get pods', 'error: You must be logged in to the server'],

  ['config', 'auth can-i delete nodes', 'yes'],
  ['config', 'auth can-i --list', /\*\.\* +\[\] +\[\] +\[\*\]/],
  ['jane', 'auth can-i list pods', 'no'],
  [
    'jane',
    'auth can-i --list',
    /selfsubjectreviews\.authentication\.k8s\.io +\[\] +\[\] +\[create\]/,
  ],
  ['jane', 'auth can-i get /healthz', 'yes'],
  ['jane', 'auth can-i get /metrics', 'no'],
  [
    'jane',
    'get pods',
    'Error from server (Forbidden): pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"',
  ],
  [
    'mary',
    'get nodes',
    'Error from server (Forbidden): nodes is forbidden: User "mary" cannot list resource "nodes" in API group "" at the cluster scope',
  ],
  [
    'jane',
    'create configmap c',
    'error: failed to create configmap: configmaps is forbidden: User "jane" cannot create resource "configmaps" in API group "" in the namespace "default"',
  ],
  ['jane', 'get --raw /metrics', 'forbidden: User "jane" cannot get path "/metrics"'],
  ['jane', 'api-resources --api-group=apps', /deployments +deploy +apps\/v1/],

  [
    'config',
    'create role pod-reader --verb=get,list,watch --resource=pods',
    `role.${group}/pod-reader created`,
  ],
  [
    'config',
    'create rolebinding readers --role=pod-reader --user=jane --serviceaccount=default:robot',
    `rolebinding.${group}/readers created`,
  ],
  ['jane', 'get pods', 'No resources found in default namespace.'],
  ['jane', 'auth can-i list pods', 'yes'],
  ['jane', 'auth can-i get pods --subresource=log', 'no'],
  ['jane', 'get pods -n kube-system', 'in the namespace "kube-system"'],
  ['jane', 'auth can-i --list', /pods +\[\] +\[\] +\[get list watch\]/],
  [
    'config',
    'get rolebinding readers -o wide',
    /readers +Role\/pod-reader +\S+ +jane +default\/robot/,
  ],
  ['config', 'describe rolebinding readers', /Kind: +Role\n +Name: +pod-reader/],
  ['config', 'describe role pod-reader', /pods +\[\] +\[\] +\[get list watch\]/],
  ['config', 'create rolebinding readers --role=pod-reader --user=x', 'already exists'],

  [
    'config',
    'create clusterrole one-node --verb=get --resource=nodes --resource-name=n1',
    `clusterrole.${group}/one-node created`,
  ],
  [
    'config',
    'create clusterrole urls --verb=get --non-resource-url=/metrics',
    `clusterrole.${group}/urls created`,
  ],
  [
    'config',
    'create clusterrolebinding one-node --clusterrole=one-node --group=team-b',
    `clusterrolebinding.${group}/one-node created`,
  ],
  ['config', 'create clusterrolebinding urls --clusterrole=urls --group=team-a', 'created'],
  ['mary', 'get node n1', 'Error from server (NotFound): nodes "n1" not found'],
  [
    'mary',
    'get node n2',
    'nodes "n2" is forbidden: User "mary" cannot get resource "nodes" in API group "" at the cluster scope',
  ],
  ['jane', 'auth can-i get /metrics', 'yes'],
  ['config', 'auth reconcile -f @reconciled.yaml', `role.${group}/pod-reader reconciled`],
  ['jane', 'auth can-i get pods --subresource=log', 'yes'],
  [
    'config',
    'patch clusterrolebinding urls --type=merge -p {"roleRef":{"name":"view"}}',
    'cannot change roleRef',
  ],

  ['config', 'create clusterrolebinding viewers --clusterrole=view --user=bob', 'created'],
  ['config', 'auth can-i list crds --as bob', 'no'],
  ['config', 'apply -f @aggregated.yaml', 'crd-viewer created'],
  ['config', 'auth can-i list crds --as bob', 'yes'],
  ['config', 'get clusterrole view -o yaml', 'customresourcedefinitions'],
  ['config', 'apply -f @gathering.yaml', 'monitoring created'],
  ['config', 'label clusterrole one-node for=monitoring', 'labeled'],
  ['config', 'get clusterrole monitoring -o jsonpath={.rules[0].resourceNames}', '["n1"]'],
  ['config', 'delete clusterrole crd-viewer', 'deleted'],
  ['config', 'auth can-i list crds --as bob', 'no'],

  ['config', 'get pods --as jane', 'No resources found'],
  ['config', 'get secrets --as jane', 'User "jane" cannot list resource "secrets"'],
  ['config', 'get secrets --as jane --as-group=system:masters', 'No resources found'],
  [
    'config',
    'auth whoami --as jane --as-group=a --as-group=b --as-uid=7',
    /Username +jane\nUID +7\nGroups +\[a b system:authenticated\]/,
  ],
  ['config', 'get pods --as system:serviceaccount:default:robot', 'No resources found'],
  [
    'config',
    'auth whoami --as system:serviceaccount:default:robot',
    'system:serviceaccounts:default',
  ],
  [
    'jane',
    'get pods --as bob',
    'Error from server (Forbidden): users "bob" is forbidden: User "jane" cannot impersonate resource "users" in API group "" at the cluster scope',
  ],

  ['config', 'create serviceaccount robot', 'serviceaccount/robot created'],
  ['config', 'create token robot --duration=1s', 'may not specify a duration less than 10 minutes'],
  [
    'config',
    'create token nobody',
    'error: failed to create token: serviceaccounts "nobody" not found',
  ],
  ['config', 'create token robot --audience=a --duration=1h', /^ey[\w-]+\.ey[\w-]+\.[\w-]+$/],
  ['jane', 'create token robot', 'User "jane" cannot create resource "serviceaccounts/token"'],
  [
    'config',
    'run p --image=a:1 --overrides={"spec":{"serviceAccountName":"ghost"}}',
    'pods "p" is forbidden: error looking up service account default/ghost: serviceaccount "ghost" not found',
  ],
  ['config', 'run p --image=a:1', 'pod/p created'],
  ['config', 'get pod p -o jsonpath={.spec.serviceAccountName}', 'default'],
]

for (const [who, command, wanted] of story) {
  test(`${who}: kubectl ${command}`, async () => {
    const said = await kubectl(command, who)
    if (typeof wanted === 'string') expect(said).toContain(wanted)
    else expect(said).toMatch(wanted)
  })
}

test('a token that kubectl made opens the door for its account', async () => {
  const token = (await kubectl('create token robot')).trim()
  writeFileSync(file('robot'), api.kubeconfig({ token }), { mode: 0o600 })
  expect(await kubectl('auth whoami', 'robot')).toMatch(
    /Username +system:serviceaccount:default:robot\n/,
  )
  expect(await kubectl('get pods -o name', 'robot')).toBe('pod/p\n')
  expect(await kubectl('delete pod p', 'robot')).toContain(
    'User "system:serviceaccount:default:robot" cannot delete resource "pods"',
  )
  await kubectl('delete serviceaccount robot')
  expect(await kubectl('get pods', 'robot')).toContain('You must be logged in to the server')
})

test('nobody hands out what he does not have', async () => {
  await kubectl(`create role roles --verb=create --resource=roles.${group},rolebindings.${group}`)
  await kubectl('create rolebinding roles --role=roles --user=jane')
  const said = await kubectl('create role secrets --verb=get,list --resource=secrets', 'jane')
  expect(said).toContain(
    `Error from server (Forbidden): roles.${group} "secrets" is forbidden: user "jane" (groups=["team-a" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}`,
  )
  expect(
    await kubectl('create rolebinding all --clusterrole=cluster-admin --user=jane', 'jane'),
  ).toContain('{APIGroups:["*"], Resources:["*"], Verbs:["*"]}')
})
