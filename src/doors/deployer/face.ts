/** The deployer's face: its listener on every replica, its records, and its work on the one that leads. */
import { listen } from '#http/listen.ts'
import type { Face, Ground, RunningFace } from '../face.ts'
import { accessOf } from './http/access.ts'
import { doorServer } from './http/server.ts'
import { logReader } from './log-reader.ts'
import { watchRecords } from './records.ts'
import { settingsOf } from './settings.ts'
import { type Leading, startLeading } from './work/leader.ts'

export const deployerFace: Face = { start }

async function start(ground: Ground): Promise<RunningFace> {
  const { cluster, namespace, log, address } = ground
  const settings = settingsOf(ground)
  const access = await accessOf(ground)
  const records = watchRecords(cluster, namespace === undefined ? {} : { namespace })
  const house = { ground, records, logs: logReader(cluster), settings }
  const door = await doorServer(house, access)
  const listening = await listen(door.server, address, cluster.ports.clock)
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
