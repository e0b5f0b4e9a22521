/** A real kube-apiserver as a target. */
import type { Ports } from '#kube/ports.ts'
import { findBinaries } from '../../src/cli/local/binaries.ts'
import { startControlPlane } from '../../src/cli/local/control-plane.ts'
import { type OpenTarget, openTarget } from './target.ts'

/** etcd and kube-apiserver alone: no controller writes behind the back of a case. */
export async function realTarget(ports: Ports): Promise<OpenTarget> {
  const binaries = await findBinaries((line) => process.stderr.write(`${line}\n`))
  const plane = await startControlPlane({ binaries, ports, controllers: [], audit: false })
  return openTarget(ports, plane, () => plane.stop())
}
