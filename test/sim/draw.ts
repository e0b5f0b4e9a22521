/** From a seed to a plan. Seeds go round the table of states and faults, so that every cell has its turn; the rest is dice. */
import { aimIn, comesBy } from './crash-points.ts'
import { readsRules } from './match-rules.ts'
import { isByRole } from './objects.ts'
import {
  type Deed,
  type FaultKind,
  faultKinds,
  type Plan,
  type State,
  type Strike,
  states,
  verbs,
  type When,
} from './plan.ts'
import { type Dice, diceOf } from './random.ts'
import { allowed, courses, type Told } from './stories/register.ts'
import type { Setting, Wish } from './stories/story.ts'

const cells = states.length * faultKinds.length

export function drawPlan(seed: number): Plan {
  const dice = diceOf(seed, 'plan')
  const state = states[seed % states.length] as State
  const fault = faultKinds[Math.floor((seed % cells) / states.length)] as FaultKind
  const isCrash = fault.startsWith('crash')
  // Each round over the table waits for another write.
  const round = Math.floor(seed / cells)
  const point = isCrash ? aimIn(state, round) : undefined
  const { told, isBad } = storyFor(seed, state, point)
  const isJudged = fault === 'metrics' || fault === 'flapping'
  const setting = drawSetting(dice, told, { state, isJudged, isBad }, point)
  const isAlone = fault === 'partition' && dice.chance(0.3)
  const needsTwo = fault === 'frozen' || (fault === 'partition' && !isAlone)
  const instances = needsTwo || (!isAlone && dice.chance(0.15)) ? 2 : 1
  const afterMs = isCrash ? 0 : aimAfter(dice, state)
  const drawn = strike(dice, fault, { kind: 'in', state, afterMs })
  const aimed = point === undefined ? drawn : { ...drawn, point, forMs: 30_000 }
  const more = Array.from({ length: dice.pick([0, 0, 1, 1, 2]) }, () =>
    strike(dice, dice.pick(faultKinds), anywhere(dice)),
  )
  return {
    seed,
    setting,
    instances,
    // Where answers take no time, all that a pass writes is there before anybody can crash in between.
    latencyMs: Math.max(isCrash ? 2 : 0, dice.pick([0, 2, 5, 20])),
    strikes: [aimed, ...more],
    deeds: [...plot(dice, state, setting), ...whims(dice)],
    isBad,
    farewell: dice.chance(0.1),
  }
}

/** Has no divisor in common with the number of stories, so that all have their turn in other cells each time. */
const stride = 47

/** Stories go round too, good and bad; one that never comes where it should gives its turn to the next. */
function storyFor(
  seed: number,
  state: State,
  point: string | undefined,
): { readonly told: Told; readonly isBad: boolean } {
  const turns = 2 * allowed.length
  // Not by the seed itself, whose remainder is the state: stories would each meet the same states alone.
  const turn = (Math.floor(seed / states.length) * stride + (seed % states.length) * 28) % turns
  for (let further = 0; further < turns; further += 1) {
    const index = (turn + further) % turns
    const told = allowed[index >> 1]
    if (told === undefined || !courses[told.strategy].reaches.includes(state)) continue
    const isBad = state === 'failed' || index % 2 === 1
    if (point !== undefined && !comesBy(point, { ...told, isBad })) continue
    return { told, isBad }
  }
  throw new Error(`no story comes into the state ${state} and by ${point ?? 'any write'}`)
}

function drawSetting(
  dice: Dice,
  told: Told,
  wish: Omit<Wish, 'hasWayBack' | 'mayMatch'>,
  point: string | undefined,
): Setting {
  const hasWayBack = !told.topology.includes('by role')
  const { form, isJudged } = courses[told.strategy].draw(dice, {
    ...wish,
    hasWayBack,
    mayMatch: readsRules(told.router),
  })
  const ownServices = dice.chance(0.2) && point !== 'create services'
  const ill = isJudged && dice.chance(0.7) ? 'shop:v2-error50' : 'shop:v2-neverready'
  return {
    ...told,
    form,
    replicas: dice.pick([1, 1, 2, 2, 3]),
    analysis: isJudged
      ? {
          count: dice.whole(1, 2),
          failures: dice.whole(1, 2),
          policy: dice.pick(['hold', 'hold', 'continue', 'rollback']),
        }
      : undefined,
    images: [
      'shop:v1',
      wish.isBad ? ill : 'shop:v2',
      dice.pick(['shop:v3', 'shop:v3-neverready', 'shop:v3-error50']),
    ],
    ownServices,
    wideServices: ownServices && isByRole(told) && dice.chance(0.3),
  }
}

/** Some states pass by at once. */
function aimAfter(dice: Dice, state: State): number {
  const brief: Partial<Record<State, number>> = {
    installing: 300,
    retreating: 10,
    retiring: 10,
    promoting: 60,
    weighing: 150,
  }
  return dice.whole(0, brief[state] ?? 1200)
}

function anywhere(dice: Dice): When {
  return dice.chance(0.5)
    ? { kind: 'in', state: dice.pick(states), afterMs: dice.whole(0, 1500) }
    : { kind: 'at', ms: dice.whole(0, 25_000) }
}

/** Faults of which a frozen leader or a dead watch need longer to be felt. */
const long: readonly FaultKind[] = ['frozen', 'partition', 'metrics', 'flapping']

function strike(dice: Dice, fault: FaultKind, when: When): Strike {
  const instance = dice.chance(0.8) ? 'A' : 'B'
  const variant = dice.whole(0, 1 << 20)
  const lengths = long.includes(fault) ? [3000, 17_000, 30_000] : [800, 3000, 8000]
  return { fault, when, instance, forMs: dice.pick(lengths), variant }
}

/** What people do so that a release comes into the state wished for, and out of it. */
function plot(dice: Dice, state: State, { strategy }: Setting): readonly Deed[] {
  const when = (at: State, least: number, most: number): When => ({
    kind: 'in',
    state: at,
    afterMs: dice.whole(least, most),
  })
  const deed = (verb: Deed['verb'], at: When, value = 0): Deed => ({ verb, when: at, value })
  const next = deed('image', when('serving', 100, 800), 1)
  switch (state) {
    case 'approving':
      return [
        next,
        ...(dice.chance(0.3) ? [deed('stale-command', when('approving', 500, 2500))] : []),
        deed('go-on', when('approving', 3000, 6000)),
      ]
    case 'held':
      return [
        next,
        deed('pause', when('weighing', 0, 100)),
        deed('resume', when('held', 3000, 6000)),
      ]
    case 'retreating':
      return [
        next,
        deed(strategy === 'commanded' ? 'rollback' : 'abort', when('weighing', 200, 1500)),
      ]
    case 'retiring':
      return [next, deed('delete', when('weighing', 100, 1200))]
    case 'promoting':
      return strategy === 'experiment' || strategy === 'commanded'
        ? [next, ...Array.from({ length: 2 }, () => deed('go-on', when('approving', 500, 4000)))]
        : [next]
    default:
      return [next]
  }
}

function whims(dice: Dice): readonly Deed[] {
  const count = dice.pick([0, 0, 0, 1, 2])
  return Array.from({ length: count }, () => ({
    verb: dice.pick(verbs),
    when: anywhere(dice),
    value: dice.whole(0, 2),
  }))
}
