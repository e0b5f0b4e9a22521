/** `node test/conformance/record.ts`: plays all cases against a real server and keeps what it answers. */
import { systemPorts } from '#kube/system.ts'
import { allCases } from './cases/all.ts'
import { writeGolden } from './golden.ts'
import type { Outcome } from './normalise.ts'
import { playAll } from './play.ts'
import { realTarget } from './real-target.ts'

const real = await realTarget(systemPorts())
const traces = await playAll(real, allCases, 6)
await real.close()
const kept = new Map<string, readonly Outcome[]>()
for (const [id, trace] of traces) {
  if (trace instanceof Error) process.stdout.write(`${id}: ${trace.message}\n`)
  else kept.set(id, trace)
}
writeGolden(kept)
process.stdout.write(`${kept.size} of ${allCases.length} cases recorded\n`)
process.exitCode = kept.size === allCases.length ? 0 : 1
