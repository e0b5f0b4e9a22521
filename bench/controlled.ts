/** A controller in this process over a counting transport. */

import type { Ask } from '#controller/ask.ts'
import { type Controller, startController } from '#controller/controller.ts'
import { telemetry } from '#controller/telemetry.ts'
import { doors } from '#doors/register.ts'
import { connectTo } from '#kube/connect.ts'
import { silentLog } from '#kube/log.ts'
import type { BenchCluster } from './cluster.ts'
import { type Counted, counting } from './counting.ts'

export type Controlled = {
  readonly controller: Controller
  readonly requests: Counted[]
  readonly stop: () => Promise<void>
}

/** Resolves when it is synced and leads. */
export async function control(cluster: BenchCluster, ask: Ask = noAnswer): Promise<Controlled> {
  const { transport, requests } = counting(cluster.server.transport())
  const client = connectTo(transport, cluster.ports)
  const controller = startController({
    cluster: client,
    doors,
    clock: cluster.ports.clock,
    ask,
    log: silentLog,
    telemetry: telemetry('bench'),
    instance: 'bench',
  })
  await controller.synced()
  controller.lead(() => true)
  return {
    controller,
    requests,
    stop: async () => {
      await controller.stop()
      await client.close()
    },
  }
}

const noAnswer: Ask = async () => ({ kind: 'failed', message: 'nobody answers here' })
