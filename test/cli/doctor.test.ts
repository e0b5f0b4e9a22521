/** `headgate doctor`, by the real program, on a cluster in which one thing after the other is wrong, and is mended. */
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { beforeAll, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { deployerEntry } from '#doors/deployer/entry.ts'
import { descriptorKind } from '#doors/deployer/kinds.ts'
import { doors } from '#doors/register.ts'
import { createAuthority } from '#kube/authority.ts'
import { established } from '#local/definitions.ts'
import { orUndefined } from '#releases/entry.ts'
import { startWebhooks } from '#server/webhooks/start.ts'
import { controllerRules, dashboardRules, reviewRules, webhookRules } from '../../src/cli/rbac.ts'
import { faceRules, optionRules } from '../../src/cli/rbac-faces.ts'
import { version } from '../../src/cli/version.ts'
import { sharedGround } from './ground.ts'

const ground = sharedGround()
const system = 'headgate-system'

type Finding = {
  readonly about: string
  readonly state: string
  readonly says: string
  readonly todo?: string
}

async function findings(line = 'doctor'): Promise<ReadonlyMap<string, readonly Finding[]>> {
  const { out, err } = await ground().run(`${line} -o json`)
  expect(err).toBe('')
  const { checks } = JSON.parse(out) as {
    checks: readonly { readonly name: string; readonly findings: readonly Finding[] }[]
  }
  return new Map(checks.map(({ name, findings: found }) => [name, found]))
}

async function stateOf(check: string, about: string): Promise<Finding | undefined> {
  return (await findings()).get(check)?.find((one) => one.about.startsWith(about))
}

const { releases, cluster, lease } = controllerRules(doors)
const usual = [...releases, ...cluster, ...lease]

const role = (rules: unknown): KubeObject & { rules: unknown } => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'headgate' },
  rules,
})
const clusterRole = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  namespaced: false,
}

beforeAll(async () => {
  const { api } = ground().cluster
  const meta = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: system } }
  await api.create(kinds.namespace, meta)
})

test('without a controller it says so, says what to do, and ends with 4', async () => {
  const { code, out } = await ground().run('doctor')
  expect(code).toBe(4)
  expect(out).toMatch(/WRONG {4}the controller: no Deployment .* is to be seen\n +-> install it/)
  expect(out).toMatch(/ok {7}CustomResourceDefinition releases\.headgate\.dev: served in v1alpha1/)
})

test('a controller with its pods, its lease and its rights is well', async () => {
  const { api } = ground().cluster
  const labels = { 'app.kubernetes.io/name': 'headgate' }
  const account = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'headgate', namespace: system },
  }
  await api.create(kinds.serviceAccount, account)
  const containers = [{ name: 'headgate', image: `headgate:${version}`, args: ['controller'] }]
  await api.create(kinds.deployment, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'headgate', namespace: system, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { serviceAccountName: 'headgate', containers } },
    },
  } as KubeObject)
  const at = { namespace: system, name: 'headgate' }
  await api.create(kinds.lease, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: at,
    spec: {
      holderIdentity: 'headgate-0',
      renewTime: new Date(api.ports.clock.now()).toISOString().replace('Z', '000Z'),
      leaseDurationSeconds: 60,
    },
  } as KubeObject)
  await api.create(clusterRole, role(usual))
  await api.create({ ...clusterRole, kind: 'ClusterRoleBinding', plural: 'clusterrolebindings' }, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'headgate' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'headgate' },
    subjects: [{ kind: 'ServiceAccount', name: 'headgate', namespace: system }],
  } as KubeObject)
  const pods = () => stateOf('controller', 'Deployment')
  await expect.poll(pods, { timeout: 20_000 }).toMatchObject({ state: 'ok' })
  const all = await findings()
  expect(all.get('controller')?.map(({ state }) => state)).toEqual(['ok', 'ok', 'ok'])
  expect(all.get('rights')).toEqual([
    {
      about: `ServiceAccount ${system}/headgate`,
      state: 'ok',
      says: 'may do all that its doors do',
    },
  ])
})

test('a right that is missing is named, with what to do', async () => {
  const { api } = ground().cluster
  const fewer = usual.filter(({ resources }) => !resources.includes('endpointslices'))
  await api.patch(clusterRole, { name: 'headgate' }, 'merge', { rules: fewer })
  expect(await stateOf('rights', 'ServiceAccount')).toMatchObject({
    state: 'wrong',
    says: 'may not list endpointslices.discovery.k8s.io; watch endpointslices.discovery.k8s.io: its doors cannot work',
    todo: expect.stringContaining('roles'),
  })
})

const parts = [
  {
    part: 'the webhooks',
    args: ['--webhook-address=0.0.0.0:8443', '--webhook-service=$(POD_NAMESPACE)/headgate'],
    rules: [
      ...webhookRules(doors, 'kulta-webhook-tls').cluster,
      ...webhookRules(doors, 'kulta-webhook-tls').secrets,
    ],
    missing: 'patch customresourcedefinitions.apiextensions.k8s.io',
    todo: 'deploy/kustomize/cluster/kulta-webhooks',
  },
  {
    part: 'the webhooks',
    args: [],
    env: { HEADGATE_WEBHOOK_ADDRESS: '0.0.0.0:8443', HEADGATE_WEBHOOK_SECRET: 'own-tls' },
    rules: Object.values(webhookRules(doors, 'own-tls')).flat(),
    missing: 'get secrets in headgate-system',
    todo: 'deploy/kustomize/cluster/kulta-webhooks',
  },
  {
    part: 'the webhooks',
    args: [],
    env: { KULTA_WEBHOOK_TLS: 'true' },
    rules: Object.values(webhookRules(doors, 'kulta-webhook-tls')).flat(),
    missing: 'get secrets in kulta-system',
    todo: 'doors.kulta.webhooks=true',
  },
  {
    part: 'the face superposition',
    args: ['--superposition-address', '0.0.0.0:8090'],
    rules: faceRules['superposition']?.releases ?? [],
    missing: 'get experiments.superposition.headgate.dev',
    todo: 'doors.superposition.enabled=true',
  },
  {
    part: 'the face deployer',
    args: ['--deployer-address=0.0.0.0:8000', '--deployer-auth=kubernetes'],
    rules: [...(faceRules['deployer']?.releases ?? []), ...reviewRules],
    missing: 'create tokenreviews.authentication.k8s.io',
    todo: 'deploy/kustomize/cluster/deployer',
  },
  {
    part: 'the face deployer',
    args: ['--deployer-address=0.0.0.0:8000', '--deployer-front=gateway-api'],
    rules: [
      ...(faceRules['deployer']?.releases ?? []),
      ...(optionRules['deployer'] ?? []).flatMap(({ rules }) => rules),
    ],
    missing: 'update httproutes.gateway.networking.k8s.io',
    todo: 'what --deployer-front=gateway-api wants besides stands in docs/doors',
  },
  {
    part: 'the dashboard',
    args: ['--dashboard-address=0.0.0.0:8000'],
    rules: Object.values(dashboardRules(doors)).flat(),
    missing: 'create subjectaccessreviews.authorization.k8s.io',
    todo: 'dashboard.enabled=true',
  },
]

test.each(parts)(
  'rights of $part, while it is on',
  async ({ part, args, env, rules, missing, todo }) => {
    const { api } = ground().cluster
    const found = async (): Promise<Finding | undefined> =>
      (await findings()).get('rights')?.find(({ says }) => says.includes(part))
    await api.patch(clusterRole, { name: 'headgate' }, 'merge', { rules: usual })
    expect(await found()).toBe(undefined)
    await startedWith(args, env)
    const short = await found()
    expect(short).toMatchObject({ state: 'wrong', todo: expect.stringContaining(todo) })
    expect(short?.says).toContain(missing)
    await api.patch(clusterRole, { name: 'headgate' }, 'merge', { rules: [...usual, ...rules] })
    expect(await found()).toMatchObject({ state: 'ok' })
    await startedWith([])
  },
)

/** What the Deployment says; nobody runs it here. */
async function startedWith(
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<void> {
  const image = `headgate:${version}`
  const env = Object.entries(variables).map(([name, value]) => ({ name, value }))
  const containers = [{ name: 'headgate', image, args: ['controller', ...args], env }]
  const body = { spec: { template: { spec: { containers } } } }
  const at = { namespace: system, name: 'headgate' }
  await ground().cluster.api.patch(kinds.deployment, at, 'merge', body)
}

test('a Secret that a release names and the controller may not read', async () => {
  const { api } = ground().cluster
  const analysis = {
    provider: {
      prometheus: { address: 'http://metrics.shop.svc:9090', secretRef: { name: 'metrics' } },
    },
    metrics: [{ name: 'errors', template: 'error-rate', max: 5 }],
  }
  await ground().installed('forum', [{ weight: 20 }], { analysis })
  const secrets = async (): Promise<readonly Finding[]> =>
    ((await findings()).get('rights') ?? []).filter(({ says }) => says.includes('Secrets'))
  expect(await secrets()).toEqual([
    {
      about: `ServiceAccount ${system}/headgate`,
      state: 'warning',
      says: 'may not get Secrets in default, where headgate/forum needs them',
      todo: `kubectl create rolebinding headgate-secrets --namespace default --clusterrole=headgate-secrets --serviceaccount=${system}:headgate`,
    },
  ])
  // By whatever name this installation has the role.
  const labels = { 'app.kubernetes.io/part-of': 'headgate' }
  const metadata = { name: 'mayday-deployer-secrets', labels }
  await api.create(clusterRole, { ...role(controllerRules(doors).secrets), metadata })
  expect((await secrets())[0]?.todo).toContain(' mayday-deployer-secrets --namespace default')
  const rules = [...usual, ...controllerRules(doors).secrets]
  await api.patch(clusterRole, { name: 'headgate' }, 'merge', { rules })
  expect(await secrets()).toEqual([])
})

test('Secrets of a face, where it has records', async () => {
  const { api } = ground().cluster
  const { crds } = deployerEntry
  for (const crd of crds) await api.create(kinds.customResourceDefinition, crd)
  await established(
    api,
    crds.map(({ metadata }) => metadata.name),
  )
  const at = { name: 'shop', namespace: 'default' }
  const instant = '2026-11-21T10:00:00Z'
  const spec = { appName: 'shop', created: instant, lastModified: instant, descriptor: {} }
  const record = {
    apiVersion: 'deployer.headgate.dev/v1alpha1',
    kind: 'Descriptor',
    metadata: at,
    spec,
  }
  await api.create(descriptorKind, record)
  await startedWith(['--deployer-address=0.0.0.0:8000', '--deployer-auth=none'])
  const rules = [...usual, ...(faceRules['deployer']?.releases ?? [])]
  await api.patch(clusterRole, { name: 'headgate' }, 'merge', { rules })
  const found = (await findings()).get('rights')?.filter(({ state }) => state !== 'ok')
  expect(found?.map(({ says }) => says)).toEqual([
    'may not get Secrets in default, where headgate/forum needs them',
    'may not get, create, patch Secrets in default, where the face deployer needs them',
  ])
  await startedWith([])
})

test('a lease that nobody renews, and one that a former program holds', async () => {
  const { api } = ground().cluster
  const now = api.ports.clock.now()
  const at = { namespace: system, name: 'headgate' }
  const renewTime = new Date(now - 600_000).toISOString().replace('Z', '000Z')
  await api.patch(kinds.lease, at, 'merge', { spec: { renewTime } })
  expect(await stateOf('controller', 'Lease')).toMatchObject({
    state: 'wrong',
    says: expect.stringMatching(/^headgate-0 renewed it 6\d\d s ago/),
  })
  const former = doors.find(({ lease }) => lease !== undefined)?.lease ?? {
    namespace: '',
    name: '',
  }
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: former.namespace } }
  await api.create(kinds.namespace, namespace)
  await api.create(kinds.lease, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: former,
    spec: {
      holderIdentity: 'original-1',
      renewTime: new Date(now).toISOString().replace('Z', '000Z'),
    },
  } as KubeObject)
  const about = `Lease ${former.namespace}`
  expect(await stateOf('former controllers', about)).toMatchObject({
    state: 'wrong',
    says: expect.stringMatching(/^the door \w+ stands by: the controller may not get it$/),
    todo: expect.stringContaining('former-'),
  })
  const rules = Object.values(controllerRules(doors).formerLeases).flat()
  await api.patch(clusterRole, { name: 'headgate' }, 'merge', { rules })
  expect(await stateOf('former controllers', about)).toMatchObject({
    state: 'warning',
    todo: expect.stringContaining('scale it to 0'),
  })
  await api.patch(kinds.lease, at, 'merge', { spec: { holderIdentity: 'original-1' } })
  expect(await stateOf('former controllers', about)).toMatchObject({
    state: 'ok',
    says: expect.stringContaining('held by us'),
  })
})

test('a route that is not there', async () => {
  const { api } = ground().cluster
  const { installed } = ground()
  await installed('shop', [{ weight: 20 }])
  const before = (await findings()).get('routes')?.find(({ about }) => about.includes('shop'))
  expect(before).toMatchObject({ about: 'HTTPRoute default/shop' })
  await api.remove(kinds.httpRoute, { namespace: 'default', name: 'shop' })
  expect(await stateOf('routes', 'HTTPRoute default/shop')).toMatchObject({
    state: 'wrong',
    says: 'it is not there',
  })
})

const { validation } = doors.find((door) => door.validation !== undefined) ?? {}
const about = `ValidatingWebhookConfiguration ${validation?.configuration}`

async function asksAt(clientConfig: object): Promise<void> {
  const { api } = ground().cluster
  const name = validation?.configuration ?? ''
  const webhook = {
    name: validation?.webhook,
    clientConfig,
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    rules: [
      {
        apiGroups: ['kulta.io'],
        apiVersions: validation?.versions,
        operations: ['CREATE'],
        resources: ['rollouts'],
      },
    ],
  }
  await orUndefined(api.remove(kinds.validatingWebhookConfiguration, { name }))
  await api.create(kinds.validatingWebhookConfiguration, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name },
    webhooks: [webhook],
  } as KubeObject)
}

const trusting = ({ caPem }: { readonly caPem: string }): { readonly caBundle: string } => ({
  caBundle: Buffer.from(caPem).toString('base64'),
})

test('a webhook that nobody registered, that trusts nobody, that has nobody behind it', async () => {
  await startedWith(['--webhook-address=0.0.0.0:8443'])
  expect(await stateOf('webhooks', about)).toMatchObject({
    state: 'warning',
    says: 'the controller is told to serve it, and the API server is not told to ask',
  })
  await startedWith([])
  expect(await stateOf('webhooks', about)).toBe(undefined)
  const service = { namespace: system, name: 'webhooks' }
  await asksAt({ service })
  expect(await stateOf('webhooks', about)).toMatchObject({
    state: 'wrong',
    says: 'its caBundle holds no certificate',
  })
  await asksAt({ service, ...trusting(await createAuthority(ground().cluster.api.ports)) })
  expect(await stateOf('webhooks', about)).toMatchObject({
    state: 'wrong',
    says: expect.stringContaining(`Service ${system}/webhooks has no ready pod`),
  })
})

test('a webhook that does not answer, that shows a certificate of others, that answers', async () => {
  const { api, ports } = ground().cluster
  const [ours, others] = [await createAuthority(ports), await createAuthority(ports)]
  const { certPem, keyPem } = await others.issue([], ['127.0.0.1'])
  const stranger = createServer({ cert: certPem, key: keyPem })
  await once(stranger.listen(0, '127.0.0.1'), 'listening')
  const url = `https://127.0.0.1:${(stranger.address() as AddressInfo).port}/validate`
  await asksAt({ url, ...trusting(ours) })
  expect(await stateOf('webhooks', about)).toMatchObject({
    state: 'wrong',
    says: expect.stringMatching(/failed calling webhook "rollout.kulta.io".*certificate/),
    todo: expect.stringContaining('its caBundle is that of the certificates there'),
  })
  stranger.close()
  expect(await stateOf('webhooks', about)).toMatchObject({
    state: 'wrong',
    says: expect.stringMatching(/failed calling webhook "rollout.kulta.io".*refused/i),
  })
  const webhooks = await startWebhooks({
    ...{ cluster: api, ports, doors },
    address: { host: '127.0.0.1', port: 0 },
    place: { kind: 'url', url: 'https://127.0.0.1:0' },
    certificates: { kind: 'own', namespace: system, secret: 'kulta-webhook-tls' },
    onProblem: (error) => {
      throw error
    },
  })
  const says = expect.stringContaining('the API server asks and is answered')
  expect(await stateOf('webhooks', about)).toMatchObject({ state: 'ok', says })
  const conversion = 'conversion of rollouts.kulta.io'
  expect(await stateOf('webhooks', conversion)).toMatchObject({
    state: 'ok',
    says: expect.stringContaining('there are no rollouts to convert yet'),
  })
  const metadata = { name: 'cart', namespace: 'default' }
  const spec = validation?.example
  await api.create(kinds.rollout, {
    ...{ apiVersion: 'kulta.io/v1beta1', kind: 'Rollout', metadata, spec },
  } as KubeObject)
  expect(await stateOf('webhooks', conversion)).toMatchObject({ state: 'ok', says })
  await webhooks.stop()
  // What was converted before is still known as long as nobody changes it.
  await api.remove(kinds.validatingWebhookConfiguration, { name: validation?.configuration ?? '' })
  await api.patch(kinds.rollout, metadata, 'merge', { metadata: { labels: { app: 'cart' } } })
  expect(await stateOf('webhooks', conversion)).toMatchObject({
    state: 'wrong',
    says: expect.stringContaining('conversion webhook'),
  })
})

test('an address that nobody answers at is told with who names it', async () => {
  const address = 'http://prometheus.monitoring.svc:9090'
  const analysis = {
    provider: { prometheus: { address } },
    metrics: [{ name: 'errors', template: 'error-rate', max: 5 }],
  }
  await ground().installed('cart', [{ weight: 20 }], { analysis })
  expect(await stateOf('metrics', `prometheus ${address}`)).toMatchObject({
    state: 'warning',
    todo: expect.stringContaining('default/cart'),
  })
})

test('words that it does not know end with 2', async () => {
  const { code, err } = await ground().run('doctor -o wide')
  expect(code).toBe(2)
  expect(err).toContain('write json or yaml')
})
