/**
 * Headgate installed on a real control plane by kustomize and by Helm, and run as its Deployment says, with the token of
 * its ServiceAccount: releases through every door, promoted and turned back; then it is removed. The audit log says that
 * nothing was refused and that no right was granted for nothing.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectTo } from '#kube/connect.ts'
import { systemPorts } from '#kube/system.ts'
import { findProgram } from '../../src/cli/local/binaries.ts'
import { type RealCluster, startRealCluster } from '../../src/cli/local/real.ts'
import { type Manifest, manifestsOf, nameOf, ofKind } from '../deploy/manifest.ts'
import { Actor, type Ground, openStage, type Stage } from '../scenarios/stage.ts'
import { type AsPod, runAsPod } from './as-pod.ts'
import { podAddress } from './beside-inside.ts'
import { findManifestPrograms } from './manifest-programs.ts'
import { idleRights, refused } from './used-rules.ts'

const folder = mkdtempSync(join(tmpdir(), 'headgate-install-'))
const namespace = 'headgate-system'
const user = `system:serviceaccount:${namespace}:headgate`
const run = promisify(execFile)

let real: RealCluster
let ground: Ground & { readonly cluster: ReturnType<typeof connectTo> }
let stage: Stage
let kubectl: (...words: readonly string[]) => Promise<string>

/** Real control planes have much to do on few cores. */
const late = { timeout: 60_000, interval: 100 }

async function apply(text: string): Promise<void> {
  const file = join(folder, 'applied.yaml')
  writeFileSync(file, text)
  await kubectl('apply', '-f', file)
}

function field(resource: string, path: string, namespaceOf = 'default'): Promise<string> {
  return kubectl('get', '-n', namespaceOf, resource, '-o', `jsonpath={${path}}`)
}

async function untilPhase(resource: string, phase: string): Promise<void> {
  await expect.poll(() => field(resource, '.status.phase'), late).toBe(phase)
}

async function headgate(...words: readonly string[]): Promise<void> {
  const to = ['--kubeconfig', join(folder, 'kubeconfig')]
  await run(process.execPath, ['src/cli/main.ts', ...words, ...to])
}

/** The Service's endpoint is our process, where the API server finds it for webhooks. */
async function pointService(): Promise<void> {
  await apply(`apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: headgate-as-pod
  namespace: ${namespace}
  labels: {kubernetes.io/service-name: headgate}
addressType: IPv4
ports: [{name: webhooks, port: 8443, protocol: TCP}]
endpoints: [{addresses: [${podAddress}], conditions: {ready: true}}]
`)
}

const rollout = (own: string, tag: string): string => `apiVersion: v1
kind: Service
metadata: {name: ${own}-stable, namespace: default}
spec:
  selector: {app: ${own}, rollouts.kulta.io/type: stable}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: ${own}-canary, namespace: default}
spec:
  selector: {app: ${own}, rollouts.kulta.io/type: canary}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: ${own}, namespace: default}
spec:
  parentRefs: [{name: gateway}]
  hostnames: [${own}.example.com]
  rules:
    - backendRefs:
        - {name: ${own}-stable, port: 80, weight: 100}
        - {name: ${own}-canary, port: 80, weight: 0}
---
apiVersion: kulta.io/v1alpha1
kind: Rollout
metadata: {name: ${own}, namespace: default}
spec:
  replicas: 2
  selector: {matchLabels: {app: ${own}}}
  template:
    metadata: {labels: {app: ${own}}}
    spec:
      containers: [{name: app, image: "example/app:${tag}", ports: [{containerPort: 8080}]}]
  strategy:
    canary:
      stableService: ${own}-stable
      canaryService: ${own}-canary
      steps:
        - setWeight: 50
          pause: {}
        - setWeight: 100
      trafficRouting: {gatewayAPI: {httpRoute: ${own}}}
`

const canaryApp = (own: string): string => `apiVersion: canary.atze.io/v1
kind: CanaryApp
metadata: {name: ${own}, namespace: default}
spec:
  image: example/app:v1
  imageListenPort: 8080
  replicas: 1
  testReplicas: 1
  deploymentReadyWaitTime: 0
  trafficShiftUpdateInterval: 1
  prometheusScrapeInterval: 1
  trafficShiftStep: 50
  prometheusQuery: vector(1) > 2
  prometheusURL: http://prometheus.istio-system.svc:9090
`

beforeAll(async () => {
  const ports = systemPorts()
  real = await startRealCluster({
    ports,
    followDelayMs: 50,
    apiServerFlags: [
      // A server that cannot stream its lists, as older ones: with others nobody ever lists.
      '--feature-gates=WatchList=false',
      // Owners that hold their objects back are allowed only to those who may write their finalizers.
      '--enable-admission-plugins=OwnerReferencesPermissionEnforcement',
      // Webhooks are called at endpoints: nobody routes addresses of Services here.
      '--enable-aggregator-routing=true',
    ],
  })
  const cluster = connectTo(real.apiServer.transport(), ports, { userAgent: 'test' })
  ground = { cluster, gateway: real.gateway, apiServer: real.apiServer, stop: async () => {} }
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, real.apiServer.kubeconfig(), { mode: 0o600 })
  const program = await findProgram('kubectl', () => undefined)
  kubectl = async (...words) => {
    const env = { ...process.env, KUBECONFIG: kubeconfig }
    const { stdout, stderr } = await run(program, words, { env, maxBuffer: 64 * 1024 * 1024 })
    return `${stdout}${stderr}`
  }
})
afterAll(async () => {
  await ground?.cluster.close()
  await real?.stop()
  rmSync(folder, { recursive: true, force: true })
})

type Way = {
  /** Resolves with what was applied. */
  readonly install: () => Promise<readonly Manifest[]>
  readonly remove: () => Promise<unknown>
}

const doorsOn = ['superposition', 'deployer']

async function byKustomize(): Promise<Way> {
  const own = join(folder, 'own')
  mkdirSync(own)
  const at = (path: string): string => relative(own, resolve('deploy/kustomize', path))
  writeFileSync(
    join(own, 'kustomization.yaml'),
    `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [${at('cluster')}]
components: [${doorsOn.map((door) => at(`cluster/${door}`)).join(', ')}]
`,
  )
  return {
    install: async () => {
      await kubectl('apply', '-k', own)
      await kubectl(
        ...['create', 'rolebinding', 'headgate-deployer-secrets', '--namespace=default'],
        '--clusterrole=headgate-deployer-secrets',
        `--serviceaccount=${namespace}:headgate`,
      )
      return manifestsOf(await kubectl('kustomize', own))
    },
    remove: async () => {
      await kubectl('delete', 'rolebinding', 'headgate-deployer-secrets', '--namespace=default')
      await kubectl('delete', '-k', own, '--timeout=60s')
    },
  }
}

async function byHelm(): Promise<Way> {
  const { helm } = await findManifestPrograms(() => undefined)
  const chart = 'deploy/helm/headgate'
  const to = ['--namespace', namespace, '--kubeconfig', join(folder, 'kubeconfig')]
  const on = doorsOn.map((door) => `doors.${door}.enabled=true`).join()
  // The pods come once the Secret is there, and are no pods of ours anyway.
  const values = ['--set', on, '--set', 'crds.keep=false,rbac.secretNamespaces={default}']
  return {
    install: async () => {
      await run(helm, ['install', 'headgate', chart, ...to, '--create-namespace', ...values])
      const { stdout } = await run(helm, ['template', 'headgate', chart, ...to, ...values], {
        maxBuffer: 64 * 1024 * 1024,
      })
      return manifestsOf(stdout)
    },
    remove: () => run(helm, ['uninstall', 'headgate', ...to]),
  }
}

const byDeployer = 'test/doors/deployer/install.test.ts'
const byWebhooks = 'test/doors/kulta/webhooks.test.ts'
const bySuperposition = 'test/doors/superposition/lives.suite.ts'
const byAdmission = 'no request: the admission plugin that is on here asks for it'

/** Rights of doors that these few releases do not need, and where each is used. */
const shownElsewhere: Readonly<Record<string, string>> = {
  'update canary.atze.io/canaryapps/finalizers': byAdmission,
  'update kulta.io/rollouts/finalizers': byAdmission,
  'patch /secrets': byWebhooks,
  'patch admissionregistration.k8s.io/validatingwebhookconfigurations': byWebhooks,
  'update deployer.headgate.dev/descriptors': byDeployer,
  'delete deployer.headgate.dev/descriptors': byDeployer,
  'delete deployer.headgate.dev/appdeployments': byDeployer,
  'watch deployer.headgate.dev/deploymentlogs': byDeployer,
  'get superposition.headgate.dev/experiments': bySuperposition,
  'delete superposition.headgate.dev/experiments': bySuperposition,
  'get apps/deployments': bySuperposition,
}

describe.each([
  ['kustomize', byKustomize],
  ['Helm', byHelm],
])('installed by %s', (name, wayOf) => {
  let way: Way
  let applied: readonly Manifest[]
  let pod: AsPod
  /** Lines of the audit log that were there before. */
  let before = 0

  afterAll(() => pod?.stop())

  test('the API server takes all of it, and Pod Security the pods', async () => {
    before = real.audit().length
    way = await wayOf()
    applied = await way.install()
    expect(applied.length).toBeGreaterThan(20)
    await kubectl(
      'label',
      '--overwrite',
      'namespace',
      namespace,
      'pod-security.kubernetes.io/enforce=restricted',
    )
    await kubectl(
      ...['create', 'secret', 'generic', 'headgate-superposition', `--namespace=${namespace}`],
      '--from-literal=url=http://superposition.superposition.svc:8080',
      '--from-literal=secret=from-superposition',
    )
    await expect
      .poll(() => kubectl('get', 'pods', '-n', namespace, '-o', 'name'), late)
      .toMatch(/pod\/headgate.*\npod\/headgate/)
    await kubectl('scale', '-n', namespace, 'deployment/headgate', '--replicas=0')
    await pointService()
    pod = await runAsPod(real, ground.cluster, { namespace, name: 'headgate' })
    stage = await openStage(async () => ground)
  })

  test('a release of our own: promoted, then aborted', async () => {
    const shop = new Actor(stage, `${name.toLowerCase()}-shop`)
    await shop.install('v1', { strategy: { canary: { steps: [{ weight: 50 }, { pause: {} }] } } })
    await shop.comesTo('Completed')
    const approval = () => shop.until(({ status }) => status?.reason?.type === 'WaitingForApproval')
    await shop.ask('v2')
    await approval()
    await shop.command('promote')
    await shop.comesTo('Completed')
    await shop.ask('v3')
    await approval()
    await shop.command('abort')
    await shop.comesTo('Failed')
    await shop.untilPods({ v2: 2 })
  })

  test('a Rollout, converted and validated by the webhooks', async () => {
    const own = `kulta-${name.toLowerCase()}`
    const resource = `rollouts.kulta.io/${own}`
    await apply(rollout(own, 'v1'))
    await untilPhase(resource, 'Paused')
    await kubectl('annotate', resource, 'kulta.io/promote=true')
    await untilPhase(resource, 'Completed')
    const converted = await kubectl('get', `rollouts.v1beta1.kulta.io/${own}`, '-o', 'yaml')
    expect(converted).toContain('maxSurge: 25%')
    const bad = rollout(own, 'v1').replace('pause: {}', 'pause: {duration: soon}')
    await expect(apply(bad)).rejects.toThrow('rollout.kulta.io')
    await apply(rollout(own, 'v2'))
    await untilPhase(resource, 'Paused')
    await kubectl('annotate', resource, 'kulta.io/abort=true')
    await untilPhase(resource, 'Failed')
  })

  test('a CanaryApp: a test promoted, one aborted', async () => {
    const own = `canary-${name.toLowerCase()}`
    const resource = `canaryapps.canary.atze.io/${own}`
    const change = (spec: object): Promise<string> =>
      kubectl('patch', resource, '--type=merge', '-p', JSON.stringify({ spec }))
    await apply(canaryApp(own))
    await untilPhase(resource, 'Completed')
    await change({ image: 'example/app:v2' })
    await expect.poll(() => field(resource, '.status.primaryImage'), late).toContain(':v2')
    await untilPhase(resource, 'Completed')
    await change({ trafficShiftUpdateInterval: 60, image: 'example/app:v3' })
    await untilPhase(resource, 'Progressing')
    await headgate('abort', `canaryapp/${own}`)
    await untilPhase(resource, 'Failed')
    await change({ hosts: [`${own}.example.com`] })
    await expect
      .poll(() => kubectl('get', 'gateways.networking.istio.io', own, '-o', 'yaml'), late)
      .toContain(`${own}.example.com`)
  })

  test('an experiment of Superposition, by its events', async () => {
    const say = async (event: string): Promise<number> => {
      const answer = await fetch(`${pod.url(8090)}/hi`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: 'Bearer from-superposition',
        },
        body: readFileSync(`examples/superposition/${event}.json`),
      })
      await answer.text()
      return answer.status
    }
    await kubectl('create', 'namespace', 'mumbai')
    expect(await say('started')).toBe(200)
    const resource = 'experiments.superposition.headgate.dev/nginxservice-variant-123'
    const weight = () =>
      field(
        'releases.headgate.dev/nginxservice',
        '.status.candidates[0].weight.confirmed',
        'mumbai',
      )
    await expect.poll(weight, late).toBe('10')
    await kubectl(
      'patch',
      '-n',
      'mumbai',
      'release',
      'nginxservice',
      '--type=merge',
      '-p',
      '{"spec":{"replicas":7}}',
    )
    expect(await say('in-progress')).toBe(200)
    await expect.poll(weight, late).toBe('25')
    expect(await say('concluded')).toBe(200)
    await expect.poll(() => field(resource, '.status.phase', 'mumbai'), late).toBe('Concluded')
  })

  test('the session of the deployer', async () => {
    const [, token = ''] = /token: (\S+)/.exec(real.apiServer.kubeconfig()) ?? []
    const { stdout } = await run('sh', ['examples/deployer/session.sh', pod.url(8000), token])
    expect(stdout).toContain('deployment: DEPLOYED')
    expect(stdout).toContain('redeployment: DEPLOYED')
    expect(stdout).toContain('undeployment: UNDEPLOYED')
  })

  test('removed, users are served as before', async () => {
    const shop = `${name.toLowerCase()}-shop`
    await headgate('uninstall', '--yes')
    for (const resource of ['releases', 'rollouts.kulta.io', 'canaryapps'])
      expect(await kubectl('get', resource, '-A', '-o', 'name')).not.toContain('/')
    await pod.stop()
    // Once more: what runs here is no pod of the Deployment, and went on registering until now.
    await headgate('uninstall', '--yes')
    expect(await kubectl('get', 'validatingwebhookconfigurations', '-o', 'name')).toBe('')
    const conversion = '.spec.conversion.strategy'
    expect(await field('customresourcedefinition/rollouts.kulta.io', conversion)).toBe('None')
    await way.remove()
    expect(await new Actor(stage, shop).versions()).toEqual(new Set(['v2']))
    await kubectl('delete', 'namespace', 'mumbai', '--wait=true')
    await kubectl('delete', 'namespace', namespace, '--wait=true', '--ignore-not-found')
    const left = await Promise.all(
      ofKind(applied, 'ClusterRole', 'ClusterRoleBinding', 'CustomResourceDefinition').map(
        async (object) =>
          (await kubectl('get', object.kind, object.metadata.name, '--ignore-not-found')) === ''
            ? []
            : [nameOf(object)],
      ),
    )
    expect(left.flat()).toEqual([])
  })

  test('nothing was refused, and no right of any door is idle', () => {
    const requests = real
      .audit()
      .slice(before)
      .filter((line) => line.user.username === user)
    expect(requests.length).toBeGreaterThan(100)
    expect(refused(requests)).toEqual([])
    const bound = new Set(
      ofKind(applied, 'ClusterRoleBinding', 'RoleBinding').map(({ roleRef }) => roleRef?.name),
    )
    // Those of the controller itself are all used in scenarios.cluster.test.ts.
    const doors = ofKind(applied, 'ClusterRole', 'Role').filter(
      ({ metadata }) => bound.has(metadata.name) && metadata.name.startsWith('headgate-'),
    )
    const idle = doors.flatMap(({ rules = [] }) => idleRights(rules, requests))
    expect([...new Set(idle)].filter((right) => shownElsewhere[right] === undefined)).toEqual([])
  })
})
