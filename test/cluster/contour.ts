/** Contour with Envoy as the gateway of a real control plane. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findGatewayPrograms, type GatewayPrograms } from './gateway-programs.ts'
import type { RealGround } from './ground.ts'
import { type Inside, startInside } from './inside-process.ts'
import { groundWith } from './other-gateway.ts'

const name = 'contour'
const port = 8000
/** Envoy's listeners stand so much above what the Gateway says. */
const envoyOffset = 8000
const xds = ['--xds-address=127.0.0.1', '--xds-port=18001']

/** @throws Error where there can be none of it. */
export async function contourGround(): Promise<RealGround> {
  const programs = await findGatewayPrograms(() => undefined)
  return groundWith({
    name,
    byGateway: { controllerName: 'projectcontour.io/gateway-controller', port },
    url: `http://127.0.0.1:${port + envoyOffset}`,
    crds: [programs.contourCrds],
    start: (ground, folder) => startContour(ground, programs, folder),
  })
}

async function startContour(
  { real }: RealGround,
  { contour, envoy }: GatewayPrograms,
  folder: string,
): Promise<readonly Inside[]> {
  const config = join(folder, 'contour.yaml')
  const boot = join(folder, 'envoy.json')
  writeFileSync(config, JSON.stringify({ gateway: { gatewayRef: { name, namespace: 'default' } } }))
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
