/** `node test/cluster/kubectl.ts`: prints where our kubectl is, built first where it is missing; for other lanes. */
import { findProgram } from '../../src/cli/local/binaries.ts'

process.stdout.write(
  `${await findProgram('kubectl', (line) => process.stderr.write(`${line}\n`))}\n`,
)
