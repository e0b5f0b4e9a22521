/** A real control plane with a gateway that is not ours in the same network namespace, by a Gateway of its own. */
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
  /** Of its class and its Gateway. */
  readonly name: string
  readonly controllerName: string
  /** The port of its Gateway's listener. */
  readonly port: number
  /** Where it is reached, inside the namespace. */
  readonly url: string
  /** Files with its definitions, as YAML. */
  readonly crds: readonly string[]
  /** Its processes, in a folder of their own. */
  readonly start: (ground: RealGround, folder: string) => Promise<readonly Inside[]>
}

/** The gateway's address is one inside the namespace. @throws Error where there can be none of it. */
export async function groundWith(other: OtherGateway): Promise<RealGround> {
  const ground = await realGround()
  const folder = mkdtempSync(join(tmpdir(), `headgate-${other.name}-`))
  const started: Inside[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((one) => one.end()))
    await ground.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await define(ground, other)
    started.push(...(await other.start(ground, folder)))
  } catch (error) {
    await stop()
    throw error
  }
  return { ...ground, gateway: { url: other.url, name: other.name }, stop }
}

async function define({ cluster }: RealGround, other: OtherGateway): Promise<void> {
  const crds = other.crds.flatMap((file) =>
    parseAllDocuments(readFileSync(file, 'utf8')).flatMap(
      (document) => (document.toJS() as KubeObject | null) ?? [],
    ),
  )
  await Promise.all(crds.map((crd) => cluster.create(kinds.customResourceDefinition, crd)))
  await established(
    cluster,
    crds.map(({ metadata }) => metadata.name),
  )
  const apiVersion = 'gateway.networking.k8s.io/v1'
  const { name, controllerName, port } = other
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
