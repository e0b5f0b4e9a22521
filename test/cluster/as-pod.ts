/**
 * Headgate as its Deployment says: its arguments and variables, its user, and the token of its ServiceAccount where a pod
 * finds it, in the network namespace of a real cluster. Only the image and the kubelet are left out.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cluster } from '#kube/cluster.ts'
import { forward } from '../../src/cli/local/forward.ts'
import type { RealCluster } from '../../src/cli/local/real.ts'
import type { Container, PodSpec } from '../deploy/manifest.ts'
import { podAddress, superpositionAddress } from './beside-inside.ts'
import { startInside } from './inside-process.ts'

export type AsPod = {
  /** Base URL of one of its ports, from outside. */
  readonly url: (port: number) => string
  readonly log: () => string
  /** As a pod is stopped. */
  readonly stop: () => Promise<void>
}

type Deployment = KubeObject & { readonly spec: { readonly template: { readonly spec: PodSpec } } }
type SecretObject = KubeObject & { readonly data: Readonly<Record<string, string>> }

const root = fileURLToPath(new URL('../..', import.meta.url))
const user = '65532'

/** Names that a cluster's DNS would know. */
const hosts = `127.0.0.1 localhost
10.255.255.90 prometheus.istio-system.svc prometheus.monitoring.svc
${superpositionAddress.host} superposition.superposition.svc
`

/** Runs it and resolves once it is ready by its own probe. @throws Error with its log when it ends before. */
export async function runAsPod(
  real: RealCluster,
  cluster: Cluster,
  at: { readonly namespace: string; readonly name: string },
): Promise<AsPod> {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-as-pod-'))
  const { spec } = (await cluster.get<Deployment>(kinds.deployment, at)).spec.template
  const [container] = spec.containers
  if (container === undefined) throw new Error('the Deployment has no container')
  await writeAccount(real, cluster, folder, at.namespace, spec.serviceAccountName ?? '')
  const secrets = await secretsOf(cluster, at.namespace, container, folder)
  const variables = { ...plainVariables(container, at.namespace), ...secrets }
  const args = (container.args ?? []).map((arg) =>
    arg
      .replaceAll(/\$\((\w+)\)/g, (_, name: string) => variables[name] ?? '')
      .replace('0.0.0.0', podAddress)
      // What is mounted stands in our folder: the machine has no such path.
      .replace('/etc/headgate', join(folder, 'etc')),
  )
  const ports = (container.ports ?? []).map(({ containerPort }) => containerPort)
  const log = join(folder, 'log')
  const beside = startInside(real.pid, [
    ...[process.execPath, join(root, 'test/cluster/beside-inside.ts')],
    JSON.stringify({ folder, ports }),
  ])
  await new Promise((resolve) => beside.child.stdout?.once('data', resolve))
  const running = startInside(real.pid, commandOf(real, folder, variables, args), { log })
  const ways = new Map<number, Awaited<ReturnType<typeof forward>>>()
  for (const port of ports)
    ways.set(port, await forward({ host: '127.0.0.1', port: 0 }, join(folder, `${port}.sock`)))
  const url = (port: number): string => `http://127.0.0.1:${ways.get(port)?.port}`
  const stop = async (): Promise<void> => {
    running.child.kill('SIGTERM')
    await running.ended
    beside.child.stdin?.end()
    await beside.ended
    await Promise.all([...ways.values()].map((one) => one.close()))
    rmSync(folder, { recursive: true, force: true })
  }
  const read = (): string => readFileSync(log, 'utf8')
  for (;;) {
    const ready = await fetch(`${url(8080)}/readyz`).catch(() => undefined)
    await ready?.body?.cancel()
    if (ready?.status === 200) return { url, log: read, stop }
    if (running.child.exitCode !== null) {
      const told = read()
      await stop()
      throw new Error(`Headgate ended before it was ready:\n${told}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function writeAccount(
  real: RealCluster,
  cluster: Cluster,
  folder: string,
  namespace: string,
  name: string,
): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`
  const body = JSON.stringify({ spec: { expirationSeconds: 3600 } })
  const answer = await cluster.raw({ method: 'POST', path, body })
  if (answer.status > 299) throw new Error(`${path}: ${answer.body}`)
  const { status } = JSON.parse(answer.body) as { readonly status: { readonly token: string } }
  const ca = /certificate-authority-data: (\S+)/.exec(real.apiServer.kubeconfig())?.[1] ?? ''
  const account = join(folder, 'account')
  mkdirSync(account)
  writeFileSync(join(account, 'token'), status.token)
  writeFileSync(join(account, 'ca.crt'), Buffer.from(ca, 'base64'))
  writeFileSync(join(account, 'namespace'), namespace)
  writeFileSync(join(folder, 'hosts'), hosts)
}

function plainVariables({ env = [] }: Container, namespace: string): Record<string, string> {
  const given = env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]))
  return { ...Object.fromEntries(given), POD_NAME: 'headgate-0', POD_NAMESPACE: namespace }
}

type FromSecret = {
  readonly name: string
  readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string } }
}

/** Variables from Secrets; what is mounted of one is written into the folder. */
async function secretsOf(
  cluster: Cluster,
  namespace: string,
  { env = [] }: Container,
  folder: string,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const { name, valueFrom } of env as readonly FromSecret[]) {
    const ref = valueFrom?.secretKeyRef
    if (ref === undefined) continue
    const { data } = await cluster.get<SecretObject>(kinds.secret, { namespace, name: ref.name })
    const text = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString()
    found[name] = text(ref.key)
    mkdirSync(join(folder, 'etc', 'superposition'), { recursive: true })
    writeFileSync(join(folder, 'etc', 'superposition', 'secret'), text('secret'))
  }
  return found
}

function commandOf(
  { kubeconfigInside }: RealCluster,
  folder: string,
  variables: Readonly<Record<string, string>>,
  args: readonly string[],
): readonly string[] {
  const server = /server: (\S+)/.exec(readFileSync(kubeconfigInside, 'utf8'))?.[1] ?? ''
  const { hostname, port } = new URL(server)
  const env = {
    ...variables,
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: port,
    HEADGATE_DEBUG: '1',
  }
  const account = '/run/secrets/kubernetes.io/serviceaccount'
  const script = [
    'set -e',
    `chmod 755 ${folder}`,
    'mount -t tmpfs tmpfs /run',
    `mkdir -p ${account}`,
    `cp ${folder}/account/* ${account}/`,
    `mount --bind ${folder}/hosts /etc/hosts`,
    `exec setpriv --reuid ${user} --regid ${user} --clear-groups --no-new-privs --pdeathsig KILL "$@"`,
  ].join('\n')
  return [
    ...['unshare', '--mount', '--', 'sh', '-c', script, 'sh', 'env', '-i'],
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
    ...[process.execPath, join(root, 'src/cli/main.ts'), ...args],
  ]
}
