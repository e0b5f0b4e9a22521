/** Builds what the cluster lane needs and does not find; says what it does, and in one sentence what is missing. */
import { findBinaries } from '../../src/cli/local/binaries.ts'
import { findGatewayPrograms } from './gateway-programs.ts'
import { findManifestPrograms } from './manifest-programs.ts'
import { findPrometheus } from './prometheus/program.ts'

const started = performance.now()
const tell = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

try {
  const programs = {
    ...(await findBinaries(tell)),
    ...(await findGatewayPrograms(tell)),
    ...(await findPrometheus(tell)),
    ...(await findManifestPrograms(tell)),
  }
  for (const [program, path] of Object.entries(programs)) tell(`${program}: ${path}`)
  tell(`ready after ${Math.round((performance.now() - started) / 1000)} s`)
} catch (error) {
  tell(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
