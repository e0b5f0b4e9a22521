/** The local cluster's API server as a target. */
import type { Ports } from '#kube/ports.ts'
import { startApiServer } from '#local/api-server/start.ts'
import { type OpenTarget, openTarget } from './target.ts'

export async function localTarget(ports: Ports): Promise<OpenTarget> {
  const server = await startApiServer({ ports })
  return openTarget(ports, server, () => server.close())
}
