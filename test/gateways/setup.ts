/** Before the lane: all programs are there, or one sentence says which is missing. */
import { findBinaries } from '../../src/cli/local/binaries.ts'
import { findTraefik } from './traefik-program.ts'

export async function setup(): Promise<void> {
  const tell = (line: string): void => {
    process.stderr.write(`${line}\n`)
  }
  await findBinaries(tell)
  await findTraefik(tell)
}
