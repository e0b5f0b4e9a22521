/** The deployer's face on an API server alone: nobody works on what is asked for. For what is answered at once. */

import { kinds } from '#core/k8s/kinds.ts'
import { deployerEntry } from '#doors/deployer/entry.ts'
import type { Ground, RunningFace } from '#doors/face.ts'
import { doors } from '#doors/register.ts'
import { strictRules } from '#kube/address-guard.ts'
import type { Cluster } from '#kube/cluster.ts'
import { connectTo } from '#kube/connect.ts'
import { silentLog } from '#kube/log.ts'
import { reachThrough } from '#kube/reach.ts'
import { systemPorts } from '#kube/system.ts'
import { sendDirect } from '#kube/transport.ts'
import { startApiServer } from '#local/api-server/start.ts'
import { established } from '#local/definitions.ts'

const crds = [...doors.flatMap((door) => door.crds), ...deployerEntry.crds]

export type Desk = {
  readonly cluster: Cluster
  readonly url: string
  readonly face: RunningFace
  readonly stop: () => Promise<void>
}

export async function openDesk(
  options: Ground['options'] = { deployerAuth: 'none' },
  more: Partial<Pick<Ground, 'env' | 'log' | 'clock' | 'listen' | 'address'>> = {},
): Promise<Desk> {
  const ports = systemPorts()
  const server = await startApiServer({ ports })
  const cluster = connectTo(server.transport(), ports)
  const stop = async (): Promise<void> => {
    await cluster.close()
    await server.close()
  }
  try {
    await Promise.all(crds.map((crd) => cluster.create(kinds.customResourceDefinition, crd)))
    await established(
      cluster,
      crds.map(({ metadata }) => metadata.name),
    )
    const loaded = await deployerEntry.load()
    const face = await loaded.start({
      cluster,
      clock: ports.clock,
      reach: reachThrough({ cluster, way: 'proxy', rules: strictRules, direct: sendDirect }),
      log: silentLog,
      address: { host: '127.0.0.1', port: 0 },
      options,
      env: {},
      instance: 'test',
      ...more,
    })
    return {
      cluster,
      face,
      url: `http://127.0.0.1:${face.port}`,
      stop: async () => {
        await face.stop()
        await stop()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}
