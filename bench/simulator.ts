/** How much the simulator gets through: schedules an hour and core. */
import { drawPlan } from '#test/sim/draw.ts'
import { runPlan } from '#test/sim/run.ts'
import type { Row } from './table.ts'

const warmUp = 120
const schedules = 240
const wanted = 100_000

/**
 * One schedule is one seed played once, safety and liveness, over all stories; the gate plays some twice.
 * @throws Error where a law is broken.
 */
export async function simulatorRows(): Promise<readonly Row[]> {
  let begun = process.threadCpuUsage()
  let virtualMs = 0
  for (let seed = 0; seed < warmUp + schedules; seed += 1) {
    if (seed === warmUp) begun = process.threadCpuUsage()
    const outcome = await runPlan(drawPlan(seed))
    if (outcome.violation !== undefined)
      throw new Error(`seed ${seed} breaks ${outcome.violation.id}: ${outcome.violation.what}`)
    if (seed >= warmUp) virtualMs += outcome.virtualMs
  }
  // Time of this thread alone: what a core gets through, whatever else the machine does meanwhile.
  const { user, system } = process.threadCpuUsage(begun)
  const seconds = (user + system) / 1e6
  const hourly = Math.round((schedules * 3600) / seconds)
  const speed = Math.round(virtualMs / 1000 / seconds)
  return [
    {
      id: 'M19',
      what: 'simulator: schedules an hour and core, each with safety and liveness phase',
      value: `${hourly.toLocaleString('en')}, ${speed.toLocaleString('en')} times as fast as the world`,
      target: wanted.toLocaleString('en'),
      met: hourly >= wanted,
    },
  ]
}
