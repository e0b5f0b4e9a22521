/** `headgate doctor`, by the real program, on a cluster in which one thing after the other is wrong, and is mended. */
import { beforeAll, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { doors } from '#doors/register.ts'
import { controllerRules } from '../../src/cli/rbac.ts'
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
  const { releases, lease } = controllerRules(doors)
  await api.create(clusterRole, role([...releases, ...lease]))
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
  const { releases, lease } = controllerRules(doors)
  const { api } = ground().cluster
  const fewer = releases.filter(({ resources }) => !resources.includes('endpointslices'))
  await api.patch(clusterRole, { name: 'headgate' }, 'merge', { rules: [...fewer, ...lease] })
  expect(await stateOf('rights', 'ServiceAccount')).toMatchObject({
    state: 'wrong',
    says: 'may not list endpointslices.discovery.k8s.io; watch endpointslices.discovery.k8s.io',
    todo: expect.stringContaining('roles'),
  })
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

test('a route that is not there, and a webhook with nobody behind it', async () => {
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
  const configuration =
    doors.find(({ validation }) => validation !== undefined)?.validation?.configuration ?? ''
  const service = { namespace: system, name: 'webhooks' }
  await api.create(kinds.validatingWebhookConfiguration, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: configuration },
    webhooks: [
      {
        name: 'rollouts.kulta.io',
        clientConfig: { service },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  } as KubeObject)
  expect(await stateOf('webhooks', 'ValidatingWebhookConfiguration')).toMatchObject({
    state: 'wrong',
    says: 'its caBundle holds no certificate',
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
