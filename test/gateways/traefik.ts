/** Traefik as the gateway of a real control plane: by the Gateway API, and for Ingress objects of ingress-nginx. */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { findGo } from '../../src/cli/local/binaries.ts'
import type { RealGround } from '../cluster/ground.ts'
import { type Inside, startInside } from '../cluster/inside-process.ts'
import { groundWith } from '../cluster/other-gateway.ts'
import { findTraefik, traefikModule } from './traefik-program.ts'

const port = 8000
/** Kinds of the Gateway API that our cluster does not define and Traefik waits for. */
const further = ['backendtlspolicies', 'tlsroutes']

/** @throws Error where there can be none of it. */
export async function traefikGround(): Promise<RealGround> {
  const program = await findTraefik(() => undefined)
  const crds = await definitions()
  return groundWith({
    ...{ name: 'traefik', port, controllerName: 'traefik.io/gateway-controller', crds },
    url: `http://127.0.0.1:${port}`,
    start: async (ground, folder) => [startTraefik(ground, program, folder)],
  })
}

async function definitions(): Promise<readonly string[]> {
  const go = await findGo(process.env)
  if (go === undefined) throw new Error('definitions are read from a Go module: install Go')
  const list = ['list', '-m', '-f', '{{.Dir}}', 'sigs.k8s.io/gateway-api']
  const { stdout } = await promisify(execFile)(go, list, { cwd: traefikModule })
  const folder = join(stdout.trim(), 'config/crd/standard')
  return further.map((kind) => join(folder, `gateway.networking.k8s.io_${kind}.yaml`))
}

type Kubeconfig = {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string }
  }[]
  readonly users: readonly { readonly user: { readonly token: string } }[]
}

function startTraefik({ real }: RealGround, program: string, folder: string): Inside {
  const { clusters, users } = parse(readFileSync(real.kubeconfigInside, 'utf8')) as Kubeconfig
  const { server = '', 'certificate-authority-data': ca = '' } = clusters[0]?.cluster ?? {}
  const caFile = join(folder, 'ca.crt')
  writeFileSync(caFile, Buffer.from(ca, 'base64'))
  const access = (provider: string): readonly string[] => [
    `--providers.${provider}=true`,
    `--providers.${provider}.endpoint=${server}`,
    `--providers.${provider}.token=${users[0]?.user.token}`,
    `--providers.${provider}.certauthfilepath=${caFile}`,
  ]
  const args = [
    `--entrypoints.web.address=127.0.0.1:${port}`,
    ...access('kubernetesgateway'),
    ...access('kubernetesingressnginx'),
    ...['--global.checknewversion=false', '--global.sendanonymoususage=false', '--log.level=WARN'],
  ]
  return startInside(real.pid, [program, ...args], { log: join(folder, 'traefik.log') })
}
