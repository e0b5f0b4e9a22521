/** Traefik as the gateway of a real control plane: by the Gateway API, and for Ingress objects of ingress-nginx. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { findGoProgram, goModuleFolder } from '../cluster/go-program.ts'
import type { RealGround } from '../cluster/ground.ts'
import { type Inside, startInside } from '../cluster/inside-process.ts'
import { groundWith } from '../cluster/other-gateway.ts'
import { traefik } from './programs.ts'

const port = 8000
/** Kinds of the Gateway API that our cluster does not define and Traefik waits for. */
const further = ['backendtlspolicies', 'tlsroutes']

/** @throws Error where there can be none of it. */
export async function traefikGround(): Promise<RealGround> {
  const program = await findGoProgram(traefik, () => undefined)
  const crds = await definitions()
  return groundWith({
    ...{ name: 'traefik', crds },
    byGateway: { controllerName: 'traefik.io/gateway-controller', port },
    url: `http://127.0.0.1:${port}`,
    start: async (ground, folder) => [startTraefik(ground, program, folder)],
  })
}

async function definitions(): Promise<readonly string[]> {
  const folder = await goModuleFolder(traefik.folder, 'sigs.k8s.io/gateway-api')
  return further.map((kind) =>
    join(folder, 'config/crd/standard', `gateway.networking.k8s.io_${kind}.yaml`),
  )
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
