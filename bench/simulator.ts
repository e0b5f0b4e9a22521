/** How much the simulator gets through: schedules an hour and core. */
import { drawPlan } from '#test/sim/draw.ts'
import { runPlan } from '#test/sim/run.ts'
import type { Row } from './table.ts'

const warmUp = 40
const schedules = 200

/** One schedule is one seed played once, safety and liveness; the gate plays each twice. @throws Error where a law is broken. */
export async function simulatorRows(): Promise<readonly Row[]> {
  let startedAt = 0
  let virtualMs = 0
  for (let seed = 0; seed < warmUp + schedules; seed += 1) {
    if (seed === warmUp) startedAt = performance.now()
    const outcome = await runPlan(drawPlan(seed))
    if (outcome.violation !== undefined)
      throw new Error(`seed ${seed} breaks ${outcome.violation.id}: ${outcome.violation.what}`)
    if (seed >= warmUp) virtualMs += outcome.virtualMs
  }
  const seconds = (performance.now() - startedAt) / 1000
  const hourly = (schedules * 3600) / seconds
  return [
    {
      id: 'M10',
      what: 'simulator: schedules an hour and core, each with safety and liveness phase',
      value: `${Math.round(hourly).toLocaleString('en')}, ${Math.round(virtualMs / 1000 / seconds).toLocaleString('en')} times as fast as the world`,
      target: '',
      met: undefined,
    },
  ]
}
