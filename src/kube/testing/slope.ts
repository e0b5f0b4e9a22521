/** Whether something grows: memory as it is after a collection, and the slope of a line through samples. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes of live heap: what a full collection leaves. */
export function liveHeapBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}

/** Sockets, timers and requests of this process that keep it alive. */
export function handles(): number {
  return process.getActiveResourcesInfo().length
}

/** By how much the values rise from one to the next, by least squares. */
export function slopeOf(values: readonly number[]): number {
  const meanX = (values.length - 1) / 2
  const meanY = values.reduce((sum, value) => sum + value, 0) / values.length
  let above = 0
  let below = 0
  for (const [x, value] of values.entries()) {
    above += (x - meanX) * (value - meanY)
    below += (x - meanX) ** 2
  }
  return above / below
}
