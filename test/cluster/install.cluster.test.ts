/**
 * Headgate installed on a real control plane by kustomize and by Helm, and run as its Deployment says, with the token of
 * its ServiceAccount: releases through every door and commands from its dashboard, promoted and turned back; then it is
 * removed. The audit log says that nothing was refused and that no right was granted for nothing.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Manifest, manifestsOf, nameOf, ofKind } from '../deploy/manifest.ts'
import { routeCases } from '../scenarios/routes.ts'
import { Actor, openStage, type Stage } from '../scenarios/stage.ts'
import { type AsPod, runAsPod } from './as-pod.ts'
import { type Person, personAt } from './dashboard-person.ts'
import { type InstallGround, late, openInstallGround, pointService } from './install-ground.ts'
import {
  eventSecret,
  lifeOfCanaryApp,
  lifeOfDeployments,
  lifeOfExperiment,
  lifeOfRelease,
  lifeOfRollout,
} from './lives.ts'
import { findManifestPrograms } from './manifest-programs.ts'
import { idleRights, refused } from './used-rules.ts'

const namespace = 'headgate-system'
const user = `system:serviceaccount:${namespace}:headgate`
const run = promisify(execFile)

let ground: InstallGround
let stage: Stage

beforeAll(async () => {
  ground = await openInstallGround()
})
afterAll(() => ground?.stop())

type Way = {
  /** Resolves with what was applied. */
  readonly install: () => Promise<readonly Manifest[]>
  readonly remove: () => Promise<unknown>
}

/** The parts that are off as they are shipped. */
const turnedOn = ['superposition', 'deployer', 'dashboard']

async function byKustomize(): Promise<Way> {
  const { kubectl } = ground
  const own = join(ground.folder, 'own')
  mkdirSync(own)
  const at = (path: string): string => relative(own, resolve('deploy/kustomize', path))
  writeFileSync(
    join(own, 'kustomization.yaml'),
    `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [${at('cluster')}]
components: [${turnedOn.map((part) => at(`cluster/${part}`)).join(', ')}]
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
  const to = ['--namespace', namespace, '--kubeconfig', ground.kubeconfig]
  const value = (part: string): string => (part === 'dashboard' ? part : `doors.${part}`)
  const on = turnedOn.map((part) => `${value(part)}.enabled=true`).join()
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
])('installed by %s', (way, wayOf) => {
  const name = way.toLowerCase()
  let how: Way
  let applied: readonly Manifest[]
  let pod: AsPod
  let ann: Person
  /** Lines of the audit log that were there before. */
  let before = 0

  afterAll(() => pod?.stop())

  test('the API server takes all of it, and Pod Security the pods', async () => {
    const { kubectl, real } = ground
    before = real.audit().length
    how = await wayOf()
    applied = await how.install()
    expect(applied.length).toBeGreaterThan(20)
    const restricted = 'pod-security.kubernetes.io/enforce=restricted'
    await kubectl('label', '--overwrite', 'namespace', namespace, restricted)
    await kubectl(
      ...['create', 'secret', 'generic', 'headgate-superposition', `--namespace=${namespace}`],
      '--from-literal=url=http://superposition.superposition.svc:8080',
      `--from-literal=secret=${eventSecret}`,
    )
    await expect
      .poll(() => kubectl('get', 'pods', '-n', namespace, '-o', 'name'), late)
      .toMatch(/pod\/headgate.*\npod\/headgate/)
    await kubectl('scale', '-n', namespace, 'deployment/headgate', '--replicas=0')
    await pointService(ground, { namespace, name: 'headgate' })
    pod = await runAsPod(real, ground.cluster, { namespace, name: 'headgate' })
    stage = await openStage(async () => ground)
  })

  test('who signs in at the dashboard sees what the built-in role edit lets him see', async () => {
    ann = await personAt(ground, pod.url(8000), `ann-${name}`)
    expect(await ann.knocks()).toBe(401)
    const forOthers = await ground.kubectl('create', 'token', `ann-${name}`)
    expect(await ann.knocks(forOthers.trim())).toBe(401)
    await expect.poll(() => ann.rows().then(() => 'seen', String), late).toBe('seen')
    const page = await fetch(`${pod.url(8000)}/`)
    expect(await page.text()).toContain('<title>')
  })

  test('a release of our own: promoted from the dashboard, then aborted', async () => {
    await lifeOfRelease({ stage, name }, (shop) => ({
      promote: async () => {
        const rows = await ann.rows()
        expect(rows.map((row) => row.name)).toContain(shop.name)
        const { outcome } = await ann.act(`headgate/default/${shop.name}`, 'promote')
        expect(outcome).toBe('obeyed')
        const { decisions = [] } = shop.release?.status ?? {}
        expect(JSON.stringify(decisions)).toContain(`system:serviceaccount:default:ann-${name}`)
      },
      abort: () => shop.command('abort'),
    }))
  })

  test('what a restart would do is told of each kind of route, and of a Deployment', async () => {
    const { apply, cluster } = ground
    for (const router of ['nginx', 'grpc'] as const) {
      const own = new Actor(stage, `${name}-${router}`)
      for (const [kind, object] of routeCases[router]?.objects(own.name) ?? [])
        await cluster.create(kind, object)
      await own.installRelease('v1', { traffic: { router, route: own.name } })
      await own.comesTo('Completed')
    }
    await apply(workload(`${name}-taken`))
    const taken = new Actor(stage, `${name}-taken`)
    await taken.comesTo('Completed')
    for (const own of ['nginx', 'grpc', 'taken']) {
      const { effects } = await ann.preview(`headgate/default/${name}-${own}`, 'restart')
      expect(effects.length).toBeGreaterThan(0)
    }
  })

  test('a Rollout, converted and validated by the webhooks, aborted from the dashboard', async () => {
    const own = `kulta-${name}`
    await lifeOfRollout({ ground, name }, own, () => ann.act(`kulta/default/${own}`, 'abort'))
  })

  test('a CanaryApp: a test promoted, one aborted from the dashboard', async () => {
    const own = `canary-${name}`
    await lifeOfCanaryApp({ ground, name }, own, () => ann.act(`canaryapp/default/${own}`, 'abort'))
  })

  test('an experiment of Superposition, by its events', () => lifeOfExperiment({ ground, pod }))

  test('the session of the deployer', () => lifeOfDeployments({ ground, pod }))

  test('headgate doctor finds the rights and the webhooks well', async () => {
    const told = await ground.headgate('doctor', '-o', 'json').catch(
      // What runs here is no pod of the Deployment, which it says and ends with 4.
      ({ stdout }: { readonly stdout: string }) => stdout,
    )
    const { checks } = JSON.parse(told) as {
      readonly checks: readonly {
        readonly name: string
        readonly findings: readonly { readonly state: string; readonly says: string }[]
      }[]
    }
    const of = (check: string) => checks.find((one) => one.name === check)?.findings ?? []
    expect(of('rights')).toHaveLength(5)
    expect(of('webhooks')).toHaveLength(2)
    for (const { state, says } of [...of('rights'), ...of('webhooks'), ...of('definitions')])
      expect([state, says]).toEqual(['ok', says])
    for (const { says } of of('webhooks')) expect(says).toContain('asks and is answered')
  })

  test('removed, users are served as before', async () => {
    const { field, headgate, kubectl } = ground
    const served = async (): Promise<void> => {
      const versions = await new Actor(stage, `${name}-shop`).versions()
      const there = await kubectl('get', 'services,endpointslices,replicasets,pods,httproutes')
      const said = [...writesTo(`${name}-shop`), there].join('\n')
      expect(versions, said).toEqual(new Set(['v2']))
    }
    await served()
    await headgate('uninstall', '--yes')
    await served()
    for (const resource of ['releases', 'rollouts.kulta.io', 'canaryapps'])
      expect(await kubectl('get', resource, '-A', '-o', 'name')).not.toContain('/')
    await pod.stop()
    // Once more: what runs here is no pod of the Deployment, and went on registering until now.
    await headgate('uninstall', '--yes')
    expect(await kubectl('get', 'validatingwebhookconfigurations', '-o', 'name')).toBe('')
    const conversion = '.spec.conversion.strategy'
    expect(await field('customresourcedefinition/rollouts.kulta.io', conversion)).toBe('None')
    await how.remove()
    await served()
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

  test('nothing was refused, and no right of any part is idle', () => {
    const requests = ground.real
      .audit()
      .slice(before)
      .filter((line) => line.user.username === user)
    expect(requests.length).toBeGreaterThan(100)
    expect(refused(requests)).toEqual([])
    const bound = new Set(
      ofKind(applied, 'ClusterRoleBinding', 'RoleBinding').map(({ roleRef }) => roleRef?.name),
    )
    // Those of the controller itself are all used in scenarios.cluster.test.ts.
    const parts = ofKind(applied, 'ClusterRole', 'Role').filter(
      ({ metadata }) => bound.has(metadata.name) && metadata.name.startsWith('headgate-'),
    )
    expect(parts.map(({ metadata }) => metadata.name)).toContain('headgate-dashboard')
    const idle = parts.flatMap(({ rules = [] }) => idleRights(rules, requests))
    expect([...new Set(idle)].filter((right) => shownElsewhere[right] === undefined)).toEqual([])
  })
})

/** Who wrote to the release and its workloads, and when, for whoever finds one of them gone. */
function writesTo(name: string): readonly string[] {
  return ground.real
    .audit()
    .filter(({ verb, objectRef }) => verb !== 'get' && objectRef?.name?.startsWith(name) === true)
    .filter(({ objectRef }) => /^(releases|replicasets)$/.test(objectRef?.resource ?? ''))
    .slice(-40)
    .map(({ requestReceivedTimestamp: at, verb, objectRef, user: by, responseStatus }) =>
      [at, verb, objectRef?.resource, objectRef?.name, by.username, responseStatus?.code].join(' '),
    )
}

/** A Deployment that somebody has, and a release that takes it over. */
const workload = (name: string): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: default}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers: [{name: app, image: "example/${name}:v1", ports: [{containerPort: 8080}]}]
---
apiVersion: headgate.dev/v1alpha1
kind: Release
metadata: {name: ${name}, namespace: default}
spec:
  replicas: 1
  workloadRef: {kind: Deployment, name: ${name}}
  services: {stable: ${name}}
  traffic: {router: service}
  strategy: {rolling: {}}
`
