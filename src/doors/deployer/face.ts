/** The deployer's face: its listener on every replica, its records, and its work on the one that leads. */
import { sharedPorts } from '#http/shared-port.ts'
import type { Face, Ground, RunningFace } from '../face.ts'
import { accessOf } from './http/access.ts'
import { docsRoutes, routes } from './http/routes.ts'
import { doorServer } from './http/server.ts'
import { logReader } from './log-reader.ts'
import { watchRecords } from './records.ts'
import { settingsOf } from './settings.ts'
import { type Leading, startLeading } from './work/leader.ts'

export const deployerFace: Face = { start }

/** First parts of the paths that are this door's, where others listen at the same address. */
const owned = [...new Set([...routes, ...docsRoutes].map(({ url }) => url.split('/')[1] ?? ''))]

async function start(ground: Ground): Promise<RunningFace> {
  const { cluster, namespace, log, address } = ground
  const settings = settingsOf(ground)
  const access = await accessOf(ground)
  const records = watchRecords(cluster, namespace === undefined ? {} : { namespace })
  const house = { ground, records, logs: logReader(cluster), settings }
  const door = await doorServer(house, access)
  const listenAt = ground.listen ?? sharedPorts(cluster.ports.clock)
  const listening = await listenAt(door.server, address, owned)
  log.info({ port: listening.port, auth: access.kind }, 'the deployer listens')
  let leading: Leading | undefined
  const standBy = async (): Promise<void> => {
    const before = leading
    leading = undefined
    await before?.stop()
  }
  return {
    port: listening.port,
    isReady: () => records.descriptors.isSynced() && records.deployments.isSynced(),
    lead: (isLeader) => {
      void leading?.stop()
      leading = startLeading(ground, { records, settings, isLeader })
    },
    standBy,
    stop: async () => {
      await standBy()
      await door.stop()
      await listening.stop()
      await Promise.all([records.descriptors.stop(), records.deployments.stop()])
    },
  }
}
