/**
 * Headgate under the names of the programs that it stands in for, on a real control plane: installed, looked at and
 * removed by the commands of each program's document, run as the Deployment there says, with the rights that are there.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStage, type Stage } from '../scenarios/stage.ts'
import { type AsPod, runAsPod } from './as-pod.ts'
import { type InstallGround, late, openInstallGround, pointService } from './install-ground.ts'
import {
  eventSecret,
  type Installed,
  lifeOfCanaryApp,
  lifeOfDeployments,
  lifeOfExperiment,
  lifeOfRelease,
  lifeOfRollout,
} from './lives.ts'
import { refused } from './used-rules.ts'

let ground: InstallGround
beforeAll(async () => {
  ground = await openInstallGround()
})
afterAll(() => ground?.stop())

type Overlay = {
  /** Rows of the documents' checklists. */
  readonly rows: string
  readonly program: string
  /** Under deploy/kustomize/overlays, where the lines are typed. */
  readonly folder: string
  readonly install: readonly string[]
  readonly log: string
  readonly remove: string
  readonly at: { readonly namespace: string; readonly name: string }
  readonly container: string
  readonly service: string
  /** Account, roles and bindings, as `kubectl get` takes them in that namespace. */
  readonly rights: readonly string[]
  /** What is there before its pods come. */
  readonly first?: readonly string[]
  readonly life: (installed: Installed) => Promise<void>
}

const overlays: readonly Overlay[] = [
  {
    rows: 'K83',
    program: 'KULTA',
    folder: 'kulta',
    install: ['kubectl apply -f deploy/crd.yaml', 'kubectl apply -f deploy/'],
    log: 'kubectl -n kulta-system logs deploy/kulta-controller',
    remove: 'kubectl delete -f deploy/',
    at: { namespace: 'kulta-system', name: 'kulta-controller' },
    container: 'controller',
    service: 'kulta-controller',
    rights: [
      'serviceaccount/kulta-controller',
      'clusterrole/kulta-controller',
      'clusterrolebinding/kulta-controller',
    ],
    life: lifeOfRollout,
  },
  {
    rows: 'C22, C23, C24',
    program: 'canaryop',
    folder: 'canaryapp',
    install: ['kubectl kustomize config/default/ | kubectl apply -f -'],
    log: 'kubectl -n canaryop-system logs deployments/canaryop-controller-manager -c manager',
    remove: 'kubectl kustomize config/default/ | kubectl delete -f -',
    at: { namespace: 'canaryop-system', name: 'canaryop-controller-manager' },
    container: 'manager',
    service: 'canaryop-controller-manager-metrics-service',
    rights: [
      'serviceaccount/canaryop-controller-manager',
      'clusterrole/canaryop-manager-role',
      'clusterrolebinding/canaryop-manager-rolebinding',
      'role/canaryop-leader-election-role',
    ],
    life: lifeOfCanaryApp,
  },
  {
    rows: 'M16',
    program: 'Mayday',
    folder: 'superposition',
    install: ['kubectl apply -k .'],
    log: 'kubectl -n mayday logs deploy/mayday-deployer',
    remove: 'kubectl delete -k .',
    at: { namespace: 'mayday', name: 'mayday-deployer' },
    container: 'mayday-deployer',
    service: 'mayday-deployer',
    rights: ['clusterrole/mayday-deployer', 'clusterrolebinding/mayday-deployer'],
    first: [
      `kubectl -n mayday create secret generic headgate-superposition --from-literal=url=http://superposition.superposition.svc:8080 --from-literal=secret=${eventSecret}`,
    ],
    life: lifeOfExperiment,
  },
  {
    rows: 'A05',
    program: 'the deployer',
    folder: 'deployer',
    install: ['kubectl apply -k .'],
    log: 'kubectl -n kube-system logs deploy/deployer',
    remove: 'kubectl delete -k .',
    at: { namespace: 'kube-system', name: 'deployer' },
    container: 'deployer',
    service: 'deployer',
    rights: ['serviceaccount/deployer', 'clusterrole/deployer', 'clusterrolebinding/deployer'],
    first: [
      'kubectl -n default create rolebinding deployer-secrets --clusterrole=deployer-secrets --serviceaccount=kube-system:deployer',
    ],
    life: lifeOfDeployments,
  },
]

describe.each(overlays)('$rows: as $program was', (overlay) => {
  const { folder, at, container, service, rights, first = [] } = overlay
  const { namespace } = at
  const type = (line: string): Promise<string> =>
    ground.type(`deploy/kustomize/overlays/${folder}`, line)
  let pod: AsPod | undefined
  let stage: Stage
  let before = 0

  afterAll(() => pod?.stop())

  test('its commands install it, under its names, and find its log', async () => {
    const { field, kubectl } = ground
    before = ground.real.audit().length
    for (const line of [...overlay.install, ...first]) await type(line)
    const names = [`deployment/${at.name}`, `service/${service}`, ...rights]
    for (const one of names) await kubectl('get', '-n', namespace, one)
    const containers = '.spec.template.spec.containers[*].name'
    expect(await field(`deployment/${at.name}`, containers, namespace)).toBe(container)
    await expect.poll(() => type(overlay.log).then(() => 'found', String), late).toBe('found')
  })

  test('with its account and its rights, releases are promoted and turned back', async () => {
    // Its pods are a sample's here: what serves is this process, as the Deployment says.
    await ground.kubectl('scale', '-n', namespace, `deployment/${at.name}`, '--replicas=0')
    await pointService(ground, { namespace, name: service })
    pod = await runAsPod(ground.real, ground.cluster, at)
    stage = await openStage(async () => ground)
    await lifeOfRelease({ stage, name: folder })
    await overlay.life({ ground, stage, pod, name: folder })
  })

  test('given back and removed; nothing was refused', async () => {
    const { headgate, kubectl, real } = ground
    const { serviceAccountName } = JSON.parse(
      await kubectl(
        'get',
        '-n',
        namespace,
        `deployment/${at.name}`,
        '-o',
        'jsonpath={.spec.template.spec}',
      ),
    ) as { readonly serviceAccountName: string }
    await headgate('uninstall', '--yes')
    await pod?.stop()
    pod = undefined
    await headgate('uninstall', '--yes')
    await type(overlay.remove)
    const left = await kubectl('get', 'crd', '-o', 'name')
    expect(left).not.toContain('releases.headgate.dev')
    const user = `system:serviceaccount:${namespace}:${serviceAccountName}`
    const requests = real
      .audit()
      .slice(before)
      .filter((line) => line.user.username === user)
    expect(requests.length).toBeGreaterThan(50)
    expect(refused(requests)).toEqual([])
  })
})
