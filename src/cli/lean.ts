/**
 * Settings for a process that runs for months beside others and is at rest most of the time: memory before speed. They
 * have to be made before the code that they are about is loaded. All can be left out; nothing depends on them.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Cancel, Clock } from '#kube/ports.ts'

const parserOnce = [
  // The HTTP parser is WebAssembly. Compiling it twice, the second time well, takes 13 MiB that are never given back.
  '--no-wasm-dynamic-tiering',
  '--no-wasm-tier-up',
]
/** Young objects get one megabyte and no more: what a list of thousands leaves behind is swept up sooner. */
const littleRoom = '--semi-space-growth-factor=1'
const usualRoom = '--semi-space-growth-factor=2'
/** Only what stays hot for long is compiled well: reading thousands of objects once, at the start, does not count. */
const patientCompiler = [
  '--invocation-count-for-maglev=4000',
  '--invocation-count-for-maglev-osr=4000',
  '--invocation-count-for-turbofan=400000',
  '--invocation-count-for-osr=400000',
]

/** For a process that is lean all its life. To be called before anything else is loaded. */
export function runLean(): void {
  for (const flag of [...parserOnce, littleRoom, ...patientCompiler]) setFlagsFromString(flag)
}

/** For one that starts lean, to do much work then. Returns what to call when it has started. */
export function startLean(): () => void {
  for (const flag of [...parserOnce, littleRoom]) setFlagsFromString(flag)
  return () => setFlagsFromString(usualRoom)
}

const lookEveryMs = 5000
/** What a process at rest works within that time, at most. */
const restCpuMs = 250
const worthIt = 1.25
/** In one rest. */
const mostTries = 4

/**
 * Gives back what a busy time left behind: the engine itself waits for the next busy time. Only while the process is at
 * rest, and only where there is something to give back. Returns how to stop.
 */
export function tidyWhenAtRest(clock: Clock): Cancel {
  let before = process.cpuUsage()
  let kept = 0
  let tries = 0
  const look = (): void => {
    const { user, system } = process.cpuUsage(before)
    const isAtRest = (user + system) / 1000 <= restCpuMs
    if (!isAtRest) tries = 0
    // What is counted is what the engine holds, not what it uses: pages come free a collection later than their objects.
    if (isAtRest && tries < mostTries && process.memoryUsage().heapTotal > kept * worthIt) {
      collect()
      kept = process.memoryUsage().heapUsed
      tries += 1
    }
    before = process.cpuUsage()
    cancel = clock.after(lookEveryMs, look)
  }
  let cancel = clock.after(lookEveryMs, look)
  return () => cancel()
}

type Collect = (how: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void

function collect(): void {
  setFlagsFromString('--expose-gc')
  // Only a context made after the flag was set has the function.
  const gc = runInNewContext('gc') as Collect
  setFlagsFromString('--no-expose-gc')
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
