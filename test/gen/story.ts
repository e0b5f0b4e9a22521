/** Stories told to the toy cluster: passes in which everything follows at once, and what people do meanwhile. */
import { writeAction } from '#core/api/action.ts'
import { decide } from '#core/decide.ts'
import type { Companions, Decision, GateAsk, MeasureAsk, Write } from '#core/decision.ts'
import type { HttpAnswer } from '#core/http-ask.ts'
import type { Action } from '#core/model/app.ts'
import { annotations } from '#core/render/names.ts'
import { httpRoute, release } from './release.ts'
import { World } from './world.ts'

export type Pace = {
  /** Workloads whose name holds this never get a ready pod. */
  readonly broken?: string
  /** A dead gateway takes nothing up. */
  readonly deadGateway?: boolean
  /** Writes to objects of this kind never arrive; the status does. */
  readonly refuses?: string
  /** What measurements bring; left out, they bring nothing at all. */
  readonly metrics?: (metric: string) => HttpAnswer | undefined
  /** What the further questions of a measurement bring; left out, the measurement brings what `metrics` does alone. */
  readonly parts?: (ask: MeasureAsk) => Measured | undefined
  /** What gates are answered; left out, nothing. */
  readonly gates?: (ask: GateAsk) => HttpAnswer | undefined
}

/** A value with what was asked beside it. */
export type Measured = { readonly answer: HttpAnswer } & {
  readonly companions: Companions<HttpAnswer>
}

/** A Prometheus answer with one value. */
export function value(text: string): HttpAnswer {
  const result = [{ metric: {}, value: [0, text] }]
  const body = JSON.stringify({ status: 'success', data: { resultType: 'vector', result } })
  return { kind: 'answer', status: 200, body }
}

/** An answer is for the instant that was asked for; one for another would be stale. */
export function stamped(answer: HttpAnswer, at: number): HttpAnswer {
  if (answer.kind === 'failed') return answer
  return { ...answer, body: answer.body.replace('"value":[0,', `"value":[${at / 1000},`) }
}

/** A Prometheus answer without any series. */
export const noSeries: HttpAnswer = {
  kind: 'answer',
  status: 200,
  body: '{"status":"success","data":{"resultType":"vector","result":[]}}',
}

export const outage: HttpAnswer = { kind: 'failed', message: 'connection refused' }

/** One pass with everything applied and followed at once; time goes to the next alarm when nothing else happens. */
export function pass(world: World, pace: Pace = {}): Decision {
  const decision = decide(world.observe(), world.now)
  world.remember(decision)
  const arriving = decision.writes.filter((write) => kindOf(write) !== pace.refuses)
  for (const write of arriving) world.write(write)
  if (decision.write) world.writeStatus(decision)
  follow(world, pace)
  answer(world, decision, pace)
  const quiet =
    arriving.length === 0 &&
    !decision.write &&
    world.answers.length === 0 &&
    world.replies.length === 0
  world.now = Math.max(world.now + 1, quiet ? (decision.wakeAt ?? world.now) : world.now)
  return decision
}

function answer(world: World, decision: Decision, pace: Pace): void {
  const returnedAt = world.now
  for (const question of decision.measure) {
    const { id, role, metric, revision, at } = question
    const parts = pace.parts?.(question)
    const found = parts?.answer ?? pace.metrics?.(metric)
    if (found === undefined) continue
    const taken = { id, role, metric, revision, at, returnedAt, answer: stamped(found, at) }
    world.answers.push(
      parts === undefined ? taken : { ...taken, companions: allStamped(parts.companions, at) },
    )
  }
  for (const { ask, ...question } of decision.asks) {
    const found = pace.gates?.({ ...question, ask })
    if (found !== undefined) world.replies.push({ ...question, returnedAt, answer: found })
  }
}

function allStamped(given: Companions<HttpAnswer>, at: number): Companions<HttpAnswer> {
  return Object.fromEntries(
    Object.entries(given).map(([name, found]) => [name, stamped(found, at)] as const),
  )
}

function kindOf(write: Write): string {
  return write.kind === 'create' ? write.object.kind : write.ref.kind
}

/** Pods, endpoints and the gateway catch up. */
export function follow(world: World, { broken = '', deadGateway = false }: Pace = {}): void {
  for (const name of world.replicaSets.keys())
    world.movePods(name, 100, broken !== '' && name.includes(broken))
  world.moveEndpoints()
  if (!deadGateway) world.moveGateway()
}

/** Passes until something holds. */
export function until(world: World, done: (world: World) => boolean, pace: Pace = {}): void {
  for (let passes = 0; passes < 300; passes += 1) {
    if (done(world)) return
    pass(world, pace)
  }
  const waiting = JSON.stringify(world.release.status?.reason)
  throw new Error(`did not come about; the release waits: ${waiting}`)
}

/** Passes until a pass changes nothing any more. A world that has not caught up yet would still change by itself. */
export function settle(world: World, pace: Pace = {}): Decision {
  follow(world, pace)
  for (let passes = 0; passes < 300; passes += 1) {
    const decision = pass(world, pace)
    const still = decision.writes.length === 0 && !decision.write && decision.wakeAt === undefined
    if (still && world.answers.length + world.replies.length === 0) return decision
  }
  throw new Error(`does not come to rest: ${JSON.stringify(world.release.status?.reason)}`)
}

export const phaseIs =
  (phase: string) =>
  (world: World): boolean =>
    world.release.status?.phase === phase

export const reasonIs =
  (type: string) =>
  (world: World): boolean =>
    world.release.status?.reason?.type === type

/** The release's first revision serves. */
export function installed(spec: Parameters<typeof release>[0] = {}): World {
  const world = new World(release(spec), httpRoute())
  until(world, phaseIs('Completed'))
  settle(world)
  return world
}

let commands = 0

/** Puts a command on the release, bound to what stands there now. Gives its id. */
export function command(world: World, verb: Action['verb'], changes: Partial<Action> = {}): string {
  commands += 1
  const { status, metadata } = world.release
  const action: Action = {
    id: `command-${commands}`,
    verb,
    uid: metadata.uid ?? '',
    revision:
      status?.trials?.[0]?.revision ??
      status?.failed?.[0]?.revision ??
      status?.stable?.revision ??
      '',
    step: status?.step?.index,
    by: 'ann',
    ...changes,
  }
  world.command(writeAction(action))
  return action.id
}

export function standingCommand(world: World): string | undefined {
  return world.release.metadata.annotations?.[annotations.action]
}

/** The actions written down, in order. */
export function actionsTold(world: World): readonly string[] {
  return (world.release.status?.decisions ?? []).map(({ action }) => action)
}
