/** A real control plane on which the controller is a ServiceAccount with the rules that it ships, and nothing else. */
import type { KubeObject } from '#core/k8s/meta.ts'
import { doors } from '#doors/register.ts'
import type { AuditLine } from '../../src/cli/local/control-plane.ts'
import { type ControllerRules, controllerRules, type PolicyRule } from '../../src/cli/rbac.ts'
import { type RealGround, realGround } from './ground.ts'

const accountNamespace = 'headgate-system'
const name = 'headgate'
const user = `system:serviceaccount:${accountNamespace}:${name}`

export type AccountGround = RealGround & {
  /** What the controller asked for, from the audit log. */
  readonly requests: () => readonly AuditLine[]
}

const rbac = 'rbac.authorization.k8s.io'
const subjects = [{ kind: 'ServiceAccount', name, namespace: accountNamespace }]

/** In a cluster it asks pods and Services itself; from outside its way leads through the API server. */
const fromOutside: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['services/proxy', 'pods/proxy'], verbs: ['get', 'create'] },
]

/** A server that cannot stream its lists, as older ones: with others nobody ever lists. */
const withoutStreams = ['--feature-gates=WatchList=false']

/** The controllers of this ground, in this thread or as processes, are the ServiceAccount; the test is the admin. */
export async function accountGround(
  rules: ControllerRules = controllerRules(doors),
): Promise<AccountGround> {
  const ground = await realGround(withoutStreams)
  try {
    await grantAll(ground, rules)
    const token = await tokenOf(ground)
    return {
      ...ground,
      apiServer: {
        transport: () => ground.real.apiServer.transport(token),
        kubeconfig: () => ground.real.apiServer.kubeconfig(token),
      },
      requests: () => ground.real.audit().filter((line) => line.user.username === user),
    }
  } catch (error) {
    await ground.stop()
    throw error
  }
}

async function grantAll(ground: RealGround, rules: ControllerRules): Promise<void> {
  const { releases, cluster, lease, formerLeases, secrets } = rules
  for (const namespace of [accountNamespace, ...Object.keys(formerLeases)]) {
    await create(ground, '/api/v1/namespaces', { metadata: { name: namespace } })
  }
  await create(ground, `/api/v1/namespaces/${accountNamespace}/serviceaccounts`, {
    metadata: { name },
  })
  await grant(ground, undefined, [...releases, ...cluster, ...fromOutside])
  // Where the controller of these tests has its lease, and where their releases may name Secrets.
  await grant(ground, 'default', [...lease, ...secrets])
  for (const [namespace, own] of Object.entries(formerLeases)) await grant(ground, namespace, own)
}

async function grant(
  ground: RealGround,
  namespace: string | undefined,
  rules: readonly PolicyRule[],
): Promise<void> {
  const base = `/apis/${rbac}/v1${namespace === undefined ? '' : `/namespaces/${namespace}`}`
  const kind = namespace === undefined ? 'ClusterRole' : 'Role'
  const roleRef = { apiGroup: rbac, kind, name }
  await create(ground, `${base}/${kind.toLowerCase()}s`, { metadata: { name }, rules })
  await create(ground, `${base}/${kind.toLowerCase()}bindings`, {
    metadata: { name },
    roleRef,
    subjects,
  })
}

async function tokenOf(ground: RealGround): Promise<string> {
  const path = `/api/v1/namespaces/${accountNamespace}/serviceaccounts/${name}/token`
  const made = await create(ground, path, { spec: { expirationSeconds: 7200 } })
  return (made as KubeObject & { readonly status: { readonly token: string } }).status.token
}

async function create({ cluster }: RealGround, path: string, body: object): Promise<unknown> {
  const answer = await cluster.raw({ method: 'POST', path, body: JSON.stringify(body) })
  if (answer.status > 299) throw new Error(`${path}: ${answer.body}`)
  return JSON.parse(answer.body)
}
