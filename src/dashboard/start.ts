/** The dashboard, from its settings to a listener that serves. */
import type { Address, Listening } from '#http/listen.ts'
import type { ListenAt } from '#http/shared-port.ts'
import type { Cluster } from '#kube/cluster.ts'
import type { Log } from '#kube/log.ts'
import type { Clock } from '#kube/ports.ts'
import { type AccessOptions, accessOf } from './access.ts'
import { pages } from './http/pages.ts'
import { dashboardServer } from './http/server.ts'
import { liveList } from './live/list.ts'
import { looking } from './live/one.ts'

export type DashboardGround = {
  readonly cluster: Cluster
  /** The trusted clock of the releases. */
  readonly clock: Clock
  readonly log: Log
  readonly address: Address
  readonly listen: ListenAt
  /** Only releases of this namespace are shown. */
  readonly namespace?: string
  readonly access: AccessOptions
  readonly readOnly: boolean
  readonly version: string
  /** Where the built page lies; left out, where the build puts it. */
  readonly pages?: string
}

export type RunningDashboard = Listening & {
  /** Whether the list is complete; until then, those who ask wait. */
  readonly isReady: () => boolean
}

/** @throws Error with a sentence when its settings do not make a whole, or the address cannot be had. */
export async function startDashboard(ground: DashboardGround): Promise<RunningDashboard> {
  const { cluster, clock, log, address, namespace, readOnly, version } = ground
  const access = await accessOf(cluster, address.host, ground.access)
  const list = liveList(cluster, { namespace, log })
  const { lookAt, stop: stopLooking } = looking(cluster)
  const house = {
    ...{ cluster, clock, access, readOnly, version, list, lookAt, log },
    pages: pages(ground.pages),
  }
  try {
    const { server, stop: endStreams } = await dashboardServer(house)
    const listening = await ground.listen(server, address)
    log.info({ port: listening.port, signIn: access.kind, readOnly }, 'the dashboard listens')
    return {
      port: listening.port,
      isReady: list.isSynced,
      stop: async () => {
        await endStreams()
        await listening.stop()
        await Promise.all([list.stop(), stopLooking()])
      },
    }
  } catch (error) {
    await list.stop()
    throw error
  }
}
