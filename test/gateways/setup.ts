/** Before the lane: all programs are there, or one sentence says which is missing. */
import { findBinaries } from '../../src/cli/local/binaries.ts'
import { findGatewayPrograms } from '../cluster/gateway-programs.ts'
import { findGoProgram } from '../cluster/go-program.ts'
import { pilot, traefik } from './programs.ts'

export async function setup(): Promise<void> {
  const tell = (line: string): void => {
    process.stderr.write(`${line}\n`)
  }
  await findBinaries(tell)
  await findGatewayPrograms(tell)
  await findGoProgram(traefik, tell)
  await findGoProgram(pilot, tell)
}
