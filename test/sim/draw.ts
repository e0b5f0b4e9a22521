/** From a seed to a plan. Seeds go round the table of states and faults, so that every cell has its turn; the rest is dice. */
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
import { storyOf } from './stories/register.ts'

const cells = states.length * faultKinds.length

export function drawPlan(seed: number): Plan {
  const dice = diceOf(seed, 'plan')
  const state = states[seed % states.length] as State
  const fault = faultKinds[Math.floor((seed % cells) / states.length)] as FaultKind
  const setting = storyOf('canary').draw(dice, { state, isJudged: fault === 'metrics' })
  const instances = fault === 'frozen' || fault === 'partition' || dice.chance(0.15) ? 2 : 1
  const early = state === 'installing' && fault.startsWith('crash')
  const afterMs = early && dice.chance(0.7) ? 0 : aimAfter(dice, state)
  const aimed = strike(dice, fault, { kind: 'in', state, afterMs })
  const more = Array.from({ length: dice.pick([0, 0, 1, 1, 2]) }, () =>
    strike(dice, dice.pick(faultKinds), anywhere(dice)),
  )
  return {
    seed,
    setting,
    instances,
    latencyMs: dice.pick([0, 2, 5, 20]),
    strikes: [aimed, ...more],
    deeds: [...plot(dice, state), ...whims(dice)],
    farewell: dice.chance(0.1),
  }
}

function aimAfter(dice: Dice, state: State): number {
  const passing =
    state === 'promoting' || state === 'retreating' || state === 'retiring' || state === 'weighing'
  return dice.whole(0, passing ? 150 : 1200)
}

function anywhere(dice: Dice): When {
  return dice.chance(0.5)
    ? { kind: 'in', state: dice.pick(states), afterMs: dice.whole(0, 1500) }
    : { kind: 'at', ms: dice.whole(0, 25_000) }
}

/** Faults of which a frozen leader or a dead watch need longer to be felt. */
const long: readonly FaultKind[] = ['frozen', 'partition', 'metrics']

function strike(dice: Dice, fault: FaultKind, when: When): Strike {
  return {
    fault,
    when,
    instance: dice.chance(0.8) ? 'A' : 'B',
    forMs: long.includes(fault) ? dice.pick([3000, 17_000, 30_000]) : dice.pick([800, 3000, 8000]),
    variant: dice.whole(0, 1 << 20),
  }
}

/** What people do so that a release comes into the state wished for, and out of it. */
function plot(dice: Dice, state: State): readonly Deed[] {
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
        deed('promote', when('approving', 3000, 6000)),
      ]
    case 'held':
      return [
        next,
        deed('pause', when('weighing', 0, 100)),
        deed('resume', when('held', 3000, 6000)),
      ]
    case 'retreating':
      return [next, deed('abort', when('weighing', 200, 1500))]
    case 'retiring':
      return [next, deed('delete', when('weighing', 100, 1200))]
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
