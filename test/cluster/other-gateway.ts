/** A real control plane with a gateway that is not ours in the same network namespace. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { Gateway, GatewayClass } from '#core/k8s/gateway-api.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { established } from '#local/definitions.ts'
import { type RealGround, realGround } from './ground.ts'
import type { Inside } from './inside-process.ts'

export type OtherGateway = {
  /** Of its class and its Gateway, where it has them. */
  readonly name: string
  /** Only of one by the Gateway API, with the port of its Gateway's listener. */
  readonly byGateway?: { readonly controllerName: string; readonly port: number }
  /** Where it is reached, inside the namespace. */
  readonly url: string
  /** Files with its definitions, as YAML; what the cluster defines already stays as it is. */
  readonly crds: readonly string[]
  /** Its processes, in a folder of their own. */
  readonly start: (ground: RealGround, folder: string) => Promise<readonly Inside[]>
}

/** The gateway's address is one inside the namespace. @throws Error where there can be none of it. */
export async function groundWith(other: OtherGateway): Promise<RealGround> {
  // A process for each pod: it is theirs that requests reach.
  const ground = await realGround([], {})
  const folder = mkdtempSync(join(tmpdir(), `headgate-${other.name}-`))
  const started: Inside[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((one) => one.end()))
    await ground.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await define(ground, other)
    await openGateway(ground, other)
    started.push(...(await other.start(ground, folder)))
  } catch (error) {
    await stop()
    throw error
  }
  return { ...ground, gateway: { url: other.url, name: other.name }, stop }
}

async function define({ cluster }: RealGround, { crds }: OtherGateway): Promise<void> {
  const { items } = await cluster.list<KubeObject>(kinds.customResourceDefinition)
  const known = new Set(items.map(({ metadata }) => metadata.name))
  const further = crds
    .flatMap((file) =>
      parseAllDocuments(readFileSync(file, 'utf8')).flatMap(
        (document) => (document.toJS() as KubeObject | null) ?? [],
      ),
    )
    .filter(({ metadata }) => !known.has(metadata.name))
  await Promise.all(further.map((crd) => cluster.create(kinds.customResourceDefinition, crd)))
  await established(
    cluster,
    further.map(({ metadata }) => metadata.name),
  )
}

async function openGateway(
  { cluster }: RealGround,
  { name, byGateway }: OtherGateway,
): Promise<void> {
  if (byGateway === undefined) return
  const apiVersion = 'gateway.networking.k8s.io/v1'
  const { controllerName, port } = byGateway
  await cluster.create<GatewayClass>(kinds.gatewayClass, {
    ...{ apiVersion, kind: 'GatewayClass', metadata: { name } },
    spec: { controllerName },
  })
  await cluster.create<Gateway>(kinds.gateway, {
    ...{ apiVersion, kind: 'Gateway', metadata: { name, namespace: 'default' } },
    spec: {
      gatewayClassName: name,
      listeners: [{ name: 'http', port, protocol: 'HTTP' }],
    },
  })
}
