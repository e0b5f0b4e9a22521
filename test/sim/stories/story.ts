/**
 * What a story is: a strategy, a router and a topology, and what people write and say in it. Strategies differ in a file
 * each beside this one; routers and topologies in `view.ts` and `objects.ts`. Faults and most invariants know none of them.
 */
import type { Release, ReleaseSpec, ReleaseStrategy } from '#core/api/release.ts'
import type { ReleaseStep } from '#core/api/strategy/canary.ts'
import type { Strategy } from '#core/model/app.ts'
import type { State } from '../plan.ts'
import type { Dice } from '../random.ts'

/** What was drawn for a run; plain data, so that a story can be told and shrunk. */
export type Setting = {
  readonly strategy: Strategy
  readonly router: string
  readonly topology: SimTopology
  readonly replicas: number
  /** As the release is installed. */
  readonly form: ReleaseStrategy
  readonly analysis: AnalysisSetting | undefined
  /** In the order in which they are asked for; `deeds` name them by index. */
  readonly images: readonly string[]
  /** People wrote the Services themselves. */
  readonly ownServices: boolean
  /** Those do not tell the pods of roles apart, until somebody reads what the release says of them. */
  readonly wideServices: boolean
}

/** A topology of test/scenarios/combinations.ts, or pods that were an existing Deployment's. */
export type SimTopology = string

export type AnalysisSetting = {
  readonly count: number
  readonly failures: number
  readonly policy: 'hold' | 'continue' | 'rollback'
}

/** The state a release should come into, and what should happen to the version that is asked for. */
export type Wish = {
  readonly state: State
  readonly isJudged: boolean
  readonly isBad: boolean
  readonly hasWayBack: boolean
  /** The router's rules by match can be part of the story. */
  readonly mayMatch: boolean
}

export type Drawn = Pick<Setting, 'form'> & { readonly isJudged: boolean }

/** A strategy as people use it. */
export type Course = {
  readonly strategy: Strategy
  /** States that a release with this strategy can come into, given the right deeds. */
  readonly reaches: readonly State[]
  /** A form in which a release comes into the state wished for. */
  readonly draw: (dice: Dice, wish: Wish) => Drawn
  /** The change of the spec that asks for a template. `turn` only grows. */
  readonly ask: (setting: Setting, template: ReleaseSpec['template'], turn: number) => object
  /** The change of the spec that gives up what was asked for, where that is not to ask for the first template. */
  readonly withdraw?: () => object
  /** The change of the spec that somebody makes when the release waits for them; undefined where a command does it. */
  readonly goOn: (release: Release, turn: number) => object | undefined
  /** What its steps amount to, as status counts them. */
  readonly stepsOf: (release: Release) => readonly ReleaseStep[]
  /** Per cent that a trial may have while it is in its steps. */
  readonly declared: (release: Release) => number
  /** Weights that the plan itself names for its candidate. */
  readonly named: (release: Release) => readonly number[]
}
