/** A short life of a release through each door of an installed Headgate: promoted, and turned back. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { Actor, type Stage } from '../scenarios/stage.ts'
import type { AsPod } from './as-pod.ts'
import { type InstallGround, late } from './install-ground.ts'

export type Installed = {
  readonly ground: InstallGround
  readonly stage: Stage
  readonly pod: AsPod
  /** Begins the names of what is made. */
  readonly name: string
}

/** How somebody says yes or no to what waits. */
export type Commands = {
  readonly promote: () => Promise<unknown>
  readonly abort: () => Promise<unknown>
}

export async function lifeOfRelease(
  { stage, name }: Pick<Installed, 'stage' | 'name'>,
  commandsFor?: (shop: Actor) => Commands,
): Promise<void> {
  const shop = new Actor(stage, `${name}-shop`)
  const { promote, abort } = commandsFor?.(shop) ?? {
    promote: () => shop.command('promote'),
    abort: () => shop.command('abort'),
  }
  await shop.install('v1', { strategy: { canary: { steps: [{ weight: 50 }, { pause: {} }] } } })
  await shop.comesTo('Completed')
  const approval = () => shop.until(({ status }) => status?.reason?.type === 'WaitingForApproval')
  await shop.ask('v2')
  await approval()
  await promote()
  await shop.comesTo('Completed')
  await shop.ask('v3')
  await approval()
  await abort()
  await shop.comesTo('Failed')
  await shop.untilPods({ v2: 2 })
}

export async function lifeOfRollout(
  { ground, name }: Pick<Installed, 'ground' | 'name'>,
  own = `kulta-${name}`,
  abort?: () => Promise<unknown>,
): Promise<void> {
  const { apply, kubectl, untilPhase } = ground
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
  await (abort?.() ?? kubectl('annotate', resource, 'kulta.io/abort=true'))
  await untilPhase(resource, 'Failed')
}

export async function lifeOfCanaryApp(
  { ground, name }: Pick<Installed, 'ground' | 'name'>,
  own = `canary-${name}`,
  abort?: () => Promise<unknown>,
): Promise<void> {
  const { apply, field, headgate, kubectl, untilPhase } = ground
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
  await (abort?.() ?? headgate('abort', `canaryapp/${own}`))
  await untilPhase(resource, 'Failed')
  await change({ hosts: [`${own}.example.com`] })
  await expect
    .poll(() => kubectl('get', 'gateways.networking.istio.io', own, '-o', 'yaml'), late)
    .toContain(`${own}.example.com`)
}

/** What events of Superposition bear here. */
export const eventSecret = 'from-superposition'

export async function lifeOfExperiment({
  ground,
  pod,
}: Pick<Installed, 'ground' | 'pod'>): Promise<void> {
  const { field, kubectl } = ground
  const say = async (event: string): Promise<number> => {
    const answer = await fetch(`${pod.url(8090)}/hi`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${eventSecret}` },
      body: readFileSync(`examples/superposition/${event}.json`),
    })
    await answer.text()
    return answer.status
  }
  await kubectl('create', 'namespace', 'mumbai')
  expect(await say('started')).toBe(200)
  const resource = 'experiments.superposition.headgate.dev/nginxservice-variant-123'
  const release = 'releases.headgate.dev/nginxservice'
  const weight = () => field(release, '.status.candidates[0].weight.confirmed', 'mumbai')
  await expect.poll(weight, late).toBe('10')
  const patch = ['-n', 'mumbai', '--type=merge', '-p', '{"spec":{"replicas":7}}']
  await kubectl('patch', 'release', 'nginxservice', ...patch)
  expect(await say('in-progress')).toBe(200)
  await expect.poll(weight, late).toBe('25')
  expect(await say('concluded')).toBe(200)
  await expect.poll(() => field(resource, '.status.phase', 'mumbai'), late).toBe('Concluded')
}

export async function lifeOfDeployments({
  ground,
  pod,
}: Pick<Installed, 'ground' | 'pod'>): Promise<void> {
  const [, token = ''] = /token: (\S+)/.exec(ground.real.apiServer.kubeconfig()) ?? []
  const words = ['examples/deployer/session.sh', pod.url(8000), token]
  const { stdout } = await promisify(execFile)('sh', words)
  expect(stdout).toContain('deployment: DEPLOYED')
  expect(stdout).toContain('redeployment: DEPLOYED')
  expect(stdout).toContain('undeployment: UNDEPLOYED')
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
