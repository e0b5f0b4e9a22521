/** The commands by which documents and guides install: typed as they stand there, on the local cluster. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LocalCluster, startLocalCluster } from '#local/cluster.ts'
import { type ControllerProcess, startControllerProcess } from '#test/cluster/controller-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'headgate-documents-'))
const kubeconfig = join(folder, 'kubeconfig')
const run = promisify(execFile)
/** The one that the lane has built, or whichever the machine has. */
const kubectl = process.env['HEADGATE_KUBECTL'] ?? 'kubectl'

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

/** Lines of a shell in a folder of the overlays. */
async function type(overlay: string, line: string): Promise<string> {
  const { stdout } = await run('sh', ['-ec', line.replaceAll('kubectl', kubectl)], {
    cwd: resolve('deploy/kustomize/overlays', overlay),
    env: { ...process.env, KUBECONFIG: kubeconfig },
    maxBuffer: 64 * 1024 * 1024,
  })
  return stdout
}

/** The pods of this cluster are a sample's; what counts is that the command finds one under these names. */
async function hasLog(overlay: string, line: string): Promise<void> {
  const found = () => type(overlay, line).then(() => 'found', String)
  await expect.poll(found, { timeout: 20_000 }).toBe('found')
}

test('K83: KULTA is installed by the commands of its document', async () => {
  await type('kulta', 'kubectl apply -f deploy/crd.yaml')
  expect(await type('kulta', 'kubectl apply -f deploy/')).toContain(
    'deployment.apps/kulta-controller created',
  )
  await hasLog('kulta', 'kubectl -n kulta-system logs deploy/kulta-controller')
})

test('C22: canaryop is installed by the command of its document', async () => {
  const line = 'kubectl kustomize config/default/ | kubectl apply -f -'
  expect(await type('canaryapp', line)).toContain(
    'deployment.apps/canaryop-controller-manager created',
  )
  const log = 'kubectl -n canaryop-system logs deploy/canaryop-controller-manager -c manager'
  await hasLog('canaryapp', log)
})

test('A05: the deployer is installed into kube-system', async () => {
  await type('deployer', 'kubectl apply -k .')
  const line = 'kubectl -n kube-system get service deployer -o jsonpath={.spec.type}'
  expect(await type('deployer', line)).toBe('NodePort')
})

test('in one namespace, without any right outside of it, a release comes to serve there', async () => {
  const own = join(folder, 'own')
  mkdirSync(own)
  const base = relative(own, resolve('deploy/kustomize/namespaced'))
  writeFileSync(
    join(own, 'kustomization.yaml'),
    `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: shop\nresources: [${base}]\n`,
  )
  await type('../..', 'kubectl apply -f crds')
  await type('../..', 'kubectl create namespace shop')
  await type('../..', `kubectl apply -k ${own}`)
  const token = await type('../..', 'kubectl -n shop create token headgate')
  controller = await startControllerProcess(local.apiServer.kubeconfig({ token: token.trim() }), [
    '--doors=headgate',
    '--namespace=shop',
    '--lease-namespace',
    'shop',
  ])
  await controller.leads
  writeFileSync(join(folder, 'release.yaml'), release)
  const line = `kubectl -n shop apply -f ${folder}/release.yaml`
  await type('../..', line)
  await type('../..', 'kubectl -n shop wait release/forum --for=condition=Ready --timeout=20s')
  const rights = 'kubectl auth can-i list pods -n default --as=system:serviceaccount:shop:headgate'
  await expect(type('../..', rights)).rejects.toMatchObject({ stdout: 'no\n' })
})

const release = `apiVersion: headgate.dev/v1alpha1
kind: Release
metadata: {name: forum}
spec:
  replicas: 1
  selector: {matchLabels: {app: forum}}
  template:
    metadata: {labels: {app: forum}}
    spec:
      containers: [{name: app, image: "forum:v1", ports: [{containerPort: 8080}]}]
  services: {stable: forum}
  traffic: {router: service}
  strategy: {rolling: {}}
`
