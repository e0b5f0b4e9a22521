/** A real control plane with a real data plane: Contour and Envoy in the same network namespace, by a Gateway of theirs. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import type { Gateway, GatewayClass } from '#core/k8s/gateway-api.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { established } from '#local/definitions.ts'
import { findGatewayPrograms, type GatewayPrograms } from './gateway-programs.ts'
import { type RealGround, realGround } from './ground.ts'
import { type Inside, startInside } from './inside-process.ts'

const className = 'contour'
const listenerPort = 8000
/** Envoy's listeners stand so much above what the Gateway says. */
const envoyOffset = 8000
const xds = ['--xds-address=127.0.0.1', '--xds-port=18001']

const gatewayClass: GatewayClass = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GatewayClass',
  metadata: { name: className },
  spec: { controllerName: 'projectcontour.io/gateway-controller' },
}

const gateway: Gateway = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { name: className, namespace: 'default' },
  spec: {
    gatewayClassName: className,
    listeners: [{ name: 'http', port: listenerPort, protocol: 'HTTP' }],
  },
}

/** The gateway's address is one inside the namespace. @throws Error where there can be none of it. */
export async function contourGround(): Promise<RealGround> {
  const programs = await findGatewayPrograms(() => undefined)
  const ground = await realGround()
  const folder = mkdtempSync(join(tmpdir(), 'headgate-contour-'))
  const started: Inside[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((one) => one.end()))
    await ground.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await define(ground, programs)
    started.push(...(await startContour(ground, programs, folder)))
  } catch (error) {
    await stop()
    throw error
  }
  const url = `http://127.0.0.1:${listenerPort + envoyOffset}`
  return { ...ground, gateway: { url, name: className }, stop }
}

async function define({ cluster }: RealGround, { contourCrds }: GatewayPrograms): Promise<void> {
  const crds = parseAllDocuments(readFileSync(contourCrds, 'utf8')).flatMap(
    (document) => (document.toJS() as KubeObject | null) ?? [],
  )
  await Promise.all(crds.map((crd) => cluster.create(kinds.customResourceDefinition, crd)))
  await established(
    cluster,
    crds.map(({ metadata }) => metadata.name),
  )
  await cluster.create(kinds.gatewayClass, gatewayClass)
  await cluster.create(kinds.gateway, gateway)
}

async function startContour(
  { real }: RealGround,
  { contour, envoy }: GatewayPrograms,
  folder: string,
): Promise<readonly Inside[]> {
  const config = join(folder, 'contour.yaml')
  const boot = join(folder, 'envoy.json')
  const { name, namespace } = gateway.metadata
  writeFileSync(config, JSON.stringify({ gateway: { gatewayRef: { namespace, name } } }))
  const bootstrap = [
    ...['bootstrap', boot, ...xds, `--admin-address=${join(folder, 'admin.sock')}`],
    '--namespace=projectcontour',
  ]
  await promisify(execFile)(contour, bootstrap)
  const serve = [
    ...['serve', `--kubeconfig=${real.kubeconfigInside}`, `--config-path=${config}`, ...xds],
    ...['--insecure', '--disable-leader-election'],
    ...['http', 'https'].map((part) => `--envoy-${part}-access-log=/dev/null`),
    ...['http', 'debug-http', 'health', 'stats', 'envoy-service-http', 'envoy-service-https'].map(
      (part) => `--${part}-address=127.0.0.1`,
    ),
    // What our cluster does not define: nothing would come of waiting for it.
    ...['tlsroutes', 'tcproutes', 'backendtlspolicies'].map((one) => `--disable-feature=${one}`),
  ]
  const log = (program: string) => ({ log: join(folder, `${program}.log`) })
  const follow = ['--service-cluster', 'contour', '--service-node', 'envoy-1', '--concurrency', '1']
  return [
    startInside(real.pid, [contour, ...serve], log('contour')),
    startInside(real.pid, [envoy, '-c', boot, ...follow, '--log-level', 'warning'], log('envoy')),
  ]
}
