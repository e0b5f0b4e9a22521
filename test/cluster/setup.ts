/** Before the cluster lane: all programs are there, or one sentence says which is missing. */
import { findBinaries } from '../../src/cli/local/binaries.ts'
import { findGatewayPrograms } from './gateway-programs.ts'
import { findManifestPrograms } from './manifest-programs.ts'
import { findPrometheus } from './prometheus/program.ts'

export async function setup(): Promise<void> {
  const tell = (line: string): void => {
    process.stderr.write(`${line}\n`)
  }
  // Stories that are told to kubectl take the one of the same version.
  process.env['HEADGATE_KUBECTL'] ??= (await findBinaries(tell)).kubectl
  await findGatewayPrograms(tell)
  await findPrometheus(tell)
  await findManifestPrograms(tell)
}
