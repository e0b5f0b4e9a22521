/**
 * An overlay as it is shipped, on the local cluster: the API server takes it, the controller leads and serves with the
 * token of its ServiceAccount, `headgate doctor` finds it well, `headgate uninstall` gives everything back.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Release } from '#core/api/release.ts'
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Workload } from '#core/k8s/workloads.ts'
import { type LocalCluster, startLocalCluster } from '#local/cluster.ts'
import { headgate } from '#test/cli/ground.ts'
import { type ControllerProcess, startControllerProcess } from '#test/cluster/controller-process.ts'
import { type Manifest, manifestsOf } from './manifest.ts'

const folder = mkdtempSync(join(tmpdir(), 'headgate-overlay-'))
const kubeconfig = join(folder, 'kubeconfig')
const namespace = 'canaryop-system'
const name = 'canaryop-controller-manager'
const shop = { namespace: 'default', name: 'shop' }
const shipped = manifestsOf(
  readFileSync('deploy/kustomize/overlays/canaryapp/config/default/canaryop.yaml', 'utf8'),
)

let local: LocalCluster
let controller: ControllerProcess | undefined

beforeAll(async () => {
  local = await startLocalCluster()
  writeFileSync(kubeconfig, local.apiServer.kubeconfig(), { mode: 0o600 })
})
afterAll(async () => {
  await controller?.stop()
  await local?.stop()
  rmSync(folder, { recursive: true })
})

function kindOf({ apiVersion, kind }: Pick<Manifest, 'apiVersion' | 'kind'>): Kind {
  const [first = '', second] = apiVersion.split('/')
  const [group, version] = second === undefined ? ['', first] : [first, second]
  const plural = kind === 'NetworkPolicy' ? 'networkpolicies' : `${kind.toLowerCase()}s`
  return { group, version, kind, plural, namespaced: !/^Cluster|^Namespace|Definition$/.test(kind) }
}

async function tokenOf(account: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`
  const body = JSON.stringify({ spec: { expirationSeconds: 3600 } })
  const answer = await local.cluster.raw({ method: 'POST', path, body })
  return (JSON.parse(answer.body) as { readonly status: { readonly token: string } }).status.token
}

test('C22, C24: the API server takes it, and with its rights a controller leads', async () => {
  for (const object of shipped) await local.cluster.create(kindOf(object), object as KubeObject)
  controller = await startControllerProcess(
    local.apiServer.kubeconfig({ token: await tokenOf(name) }),
    ['--doors=headgate', '--doors=canaryapp', '--lease-namespace', namespace],
  )
  await controller.leads
  await local.cluster.create(kinds.release, {
    apiVersion: 'headgate.dev/v1alpha1',
    kind: 'Release',
    metadata: shop,
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'shop' } },
      template: {
        metadata: { labels: { app: 'shop' } },
        spec: { containers: [{ name: 'app', image: 'shop:v1', ports: [{ containerPort: 8080 }] }] },
      },
      services: { stable: 'shop' },
      traffic: { router: 'service' },
      strategy: { rolling: {} },
    },
  } as KubeObject)
  const reason = async (): Promise<string | undefined> => {
    const { status } = await local.cluster.get<Release>(kinds.release, shop)
    return `${status?.reason?.type}: ${status?.reason?.message}`
  }
  await expect.poll(reason, { timeout: 20_000 }).toMatch(/^Serving/)
})

test('headgate doctor finds its rights and definitions well', async () => {
  const { out } = await headgate(['doctor', '--kubeconfig', kubeconfig, '-o', 'json'])
  const { checks } = JSON.parse(out) as {
    readonly checks: readonly {
      readonly name: string
      readonly findings: readonly { readonly state: string; readonly message: string }[]
    }[]
  }
  const of = (check: string) => checks.find((one) => one.name === check)?.findings ?? []
  expect(of('rights')).toEqual([
    expect.objectContaining({ state: 'ok', about: `ServiceAccount ${namespace}/${name}` }),
  ])
  expect(of('definitions').map(({ state }) => state)).not.toContain('wrong')
})

test('headgate uninstall says what there is, and does nothing without --yes', async () => {
  const { code, out, err } = await headgate(['uninstall', '--kubeconfig', kubeconfig])
  expect(code).toBe(3)
  expect(out).toContain('1 releases.headgate.dev')
  expect(err).toContain('say --yes')
  expect((await local.cluster.list(kinds.release)).items).toHaveLength(1)
})

test('headgate uninstall gives releases back and leaves their pods', async () => {
  const { code, out, err } = await headgate(['uninstall', '--yes', '--kubeconfig', kubeconfig])
  expect([code, err]).toEqual([0, ''])
  expect(out).toContain('All is given back')
  expect((await local.cluster.list(kinds.release)).items).toEqual([])
  const { spec } = await local.cluster.get<Workload>(kinds.deployment, { namespace, name })
  expect(spec.replicas).toBe(0)
  const sets = (await local.cluster.list(kinds.replicaSet, { namespace: 'default' })).items
  expect(sets.map(({ metadata }) => metadata.ownerReferences ?? [])).toEqual([[]])
})
