/**
 * One instance of the controller, wired as `headgate controller` wires it, that can die, freeze, be stopped politely and
 * come back. Each life has a clock, a wire and chance of its own.
 */
import { type Controller, startController } from '#controller/controller.ts'
import { decisionLine } from '#controller/decision-log.ts'
import { telemetry } from '#controller/telemetry.ts'
import { headgateDoor } from '#doors/headgate/door.ts'
import { type ConnectedCluster, connectTo } from '#kube/connect.ts'
import { type Leadership, lead } from '#kube/lease.ts'
import type { Log, LogFacts } from '#kube/log.ts'
import { trustedClock } from '#kube/trusted-clock.ts'
import { type ProcessClock, processClock } from './clocks.ts'
import type { Cluster } from './cluster.ts'
import { crashModes, isMutating, pointOf } from './crash-points.ts'
import type { Metrics } from './metrics.ts'
import type { FaultKind, Strike } from './plan.ts'
import { diceOf, idsOf } from './random.ts'
import { toldBy } from './told.ts'
import type { Cause } from './truth.ts'
import type { Weather } from './weather.ts'
import { type Wire, wireOf } from './wire.ts'
import type { About } from './wire-request.ts'

export type Instance = {
  readonly name: 'A' | 'B'
  readonly start: () => void
  /** As by SIGKILL; it comes back after a while. */
  readonly crash: () => void
  /** As by SIGTERM; it comes back after a while. */
  readonly terminate: () => void
  readonly clock: () => ProcessClock | undefined
  readonly wire: () => Wire | undefined
  readonly life: () => string
  readonly isLeading: () => boolean
  readonly passes: () => number
  /** Clock faults of lives to come. */
  readonly setClock: (offsetMs: number, rate: number) => void
  readonly stop: () => Promise<void>
}

export type InstanceParts = {
  readonly cluster: Cluster
  readonly seed: number
  readonly latencyMs: number
  /** Some watch events come again later. */
  readonly mayRepeat: boolean
  readonly weather: Weather
  readonly metrics: Metrics
  readonly sent: (cause: Cause, about: About) => void
  readonly answered: (cause: Cause, about: About, status: number, revision: number) => void
  readonly crashed: (point: string, mode: string) => void
  /** Every line that the instance says anywhere but to the API server. */
  readonly said: (text: string) => void
}

type Life = {
  readonly id: string
  readonly clock: ProcessClock
  readonly wire: Wire
  readonly client: ConnectedCluster
  controller: Controller | undefined
  leadership: Leadership | undefined
}

const restartMs = 2_000

export function instanceOf(name: 'A' | 'B', parts: InstanceParts): Instance {
  const { cluster, weather } = parts
  const world = cluster.time.clock
  let lives = 0
  let life: Life | undefined
  let stopped = false
  let passes = 0
  let offset = 0
  let rate = 1
  // A server that restarts does so for everybody.
  const strike = (fault: FaultKind): Strike | undefined =>
    weather.of(fault, name) ??
    (fault === 'restart' ? weather.of(fault, name === 'A' ? 'B' : 'A') : undefined)

  const start = (): void => {
    if (stopped || life !== undefined) return
    lives += 1
    const id = `${name}#${lives}`
    const born = bear(id)
    life = born
    run(born).catch((error: unknown) => {
      parts.said(`${id} could not start: ${String(error)}`)
      if (life === born) end(born)
    })
  }

  const bear = (id: string): Life => {
    const clock = processClock(world, offset, rate)
    const dice = diceOf(parts.seed, id)
    const told = toldBy(cluster.atRevision, world.monotonic)
    const wire: Wire = wireOf({
      cluster,
      life: id,
      clock,
      dice,
      latencyMs: parts.latencyMs,
      told,
      mayRepeat: parts.mayRepeat,
      strike,
      crash: (about) => crashAt(about),
      die: () => {
        if (life?.id === id) end(life)
      },
      sent: parts.sent,
      answered: parts.answered,
    })
    const ports = { clock: clock.clock, random: dice.next, newId: idsOf(16 + lives) }
    const client = connectTo(wire, ports, { onProblem: ({ error }) => parts.said(error.message) })
    return { id, clock, wire, client, controller: undefined, leadership: undefined }
  }

  const crashAt = (about: About): 'before' | 'applied' | 'after' | undefined => {
    if (!isMutating(about)) return undefined
    for (const mode of crashModes) {
      const due = strike(`crash-${mode}`)
      if (due === undefined || taken.has(due) || !isMeant(due, about)) continue
      taken.add(due)
      parts.crashed(pointOf(about), mode)
      return mode
    }
    return undefined
  }
  /** Some crashes wait for a kind of write, others for a number of them. */
  const isMeant = (due: Strike, about: About): boolean => {
    if (due.point !== undefined) return pointOf(about) === due.point
    const count = (counted.get(due) ?? 0) + 1
    counted.set(due, count)
    return count > due.variant % 4
  }
  const taken = new Set<Strike>()
  const counted = new Map<Strike, number>()

  const run = async (own: Life): Promise<void> => {
    const clock = await trustedClock(own.client, own.clock.clock, () => undefined)
    const metrics = telemetry('sim')
    const controller = startController({
      cluster: own.client,
      // As with `--doors headgate`: nobody here writes a resource of another door.
      doors: [headgateDoor],
      clock,
      ask: (question) => parts.metrics.ask(question, name),
      log: logTo(parts.said),
      telemetry: {
        ...metrics,
        pass: (seconds, result) => {
          passes += 1
          metrics.pass(seconds, result)
        },
      },
      decisionLog: {
        write: (key, observed, now, decision) => {
          if (decision.events.length > 0) parts.said(decisionLine(key, observed, now, decision))
        },
        flush: async () => undefined,
      },
      instance: own.id,
    })
    own.controller = controller
    await controller.synced()
    own.leadership = lead(own.client, {
      namespace: 'default',
      name: 'headgate',
      identity: own.id,
      onGain: () => controller.lead(() => own.leadership?.isLeader() === true),
      onLoss: () => void controller.standBy(),
      onProblem: (error) => parts.said(error.message),
    })
  }

  const end = (own: Life): void => {
    own.wire.kill()
    own.clock.kill()
    if (life === own) life = undefined
    if (!stopped) world.after(restartMs, start)
  }

  const terminate = async (own: Life): Promise<void> => {
    await own.controller?.standBy()
    await own.leadership?.stop()
    await own.controller?.stop()
    await own.client.close()
    if (life === own) end(own)
  }

  return {
    name,
    start,
    crash: () => {
      if (life !== undefined) end(life)
    },
    terminate: () => {
      if (life !== undefined) terminate(life).catch((error: unknown) => parts.said(String(error)))
    },
    clock: () => life?.clock,
    wire: () => life?.wire,
    life: () => life?.id ?? `${name}#dead`,
    isLeading: () => life?.leadership?.isLeader() === true,
    passes: () => passes,
    setClock: (offsetMs, newRate) => {
      offset = offsetMs
      rate = newRate
    },
    stop: async () => {
      stopped = true
      if (life !== undefined) end(life)
    },
  }
}

function logTo(said: (text: string) => void): Log {
  const write = (facts: LogFacts, message: string): void =>
    said(`${message} ${JSON.stringify(facts)}`)
  return { debug: write, info: write, warn: write, error: write }
}
