/** A real control plane in a network namespace of its own, as the ground for scenarios. */
import { definitions } from '#doors/definitions.ts'
import { connectTo } from '#kube/connect.ts'
import { systemPorts } from '#kube/system.ts'
import { type RealCluster, startRealCluster } from '../../src/cli/local/real.ts'
import { fewProcesses, type Ground } from '../scenarios/stage.ts'

export type RealGround = Ground & { readonly real: RealCluster }

/** @throws Error with one sentence where there can be none: not root, not Linux, no programs. */
export async function realGround(
  apiServerFlags: readonly string[] = [],
  pods: { readonly ownProcesses?: number } = fewProcesses,
): Promise<RealGround> {
  const ports = systemPorts()
  const real = await startRealCluster({
    ports,
    crds: definitions,
    followDelayMs: 50,
    apiServerFlags,
    ...pods,
  })
  const cluster = connectTo(real.apiServer.transport(), ports, { userAgent: 'test' })
  return {
    real,
    cluster,
    gateway: real.gateway,
    apiServer: real.apiServer,
    stop: async () => {
      await cluster.close()
      await real.stop()
    },
  }
}
