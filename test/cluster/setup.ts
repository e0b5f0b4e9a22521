/** Before the cluster lane: all programs are there, or one sentence says which is missing. */
import { findBinaries } from '../../src/cli/local/binaries.ts'

export async function setup(): Promise<void> {
  await findBinaries((line) => {
    process.stderr.write(`${line}\n`)
  })
}
