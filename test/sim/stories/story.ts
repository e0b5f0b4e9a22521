/**
 * What a kind of story has to say: which objects people write, and how its traffic is read from the store. Strategies,
 * routers and topologies differ here and nowhere else; faults and most invariants know none of them.
 */
import type { KubeObject } from '#core/k8s/meta.ts'
import type { State } from '../plan.ts'
import type { Dice } from '../random.ts'
import type { Truth } from '../truth.ts'

/** What was drawn for a run; plain data, so that a story can be told and shrunk. */
export type Setting = {
  readonly story: string
  readonly replicas: number
  readonly steps: readonly object[]
  readonly analysis: AnalysisSetting | undefined
  /** In the order in which they are asked for; `deeds` name them by index. */
  readonly images: readonly string[]
  /** People wrote the Services themselves. */
  readonly ownServices: boolean
}

export type AnalysisSetting = {
  readonly count: number
  readonly failures: number
  readonly policy: 'hold' | 'continue' | 'rollback'
}

/** One way that traffic can take: a share of it, to a Service. */
export type Backend = { readonly role: string; readonly service: string; readonly weight: number }

/** The state a release should come into, and whether it should be judged by metrics. */
export type Wish = { readonly state: State; readonly isJudged: boolean }

export type Story = {
  readonly name: string
  /** A setting in which a release comes into the state wished for, given the right deeds. */
  readonly draw: (dice: Dice, wish: Wish) => Setting
  /** What people write, the Release last. */
  readonly objects: (setting: Setting) => readonly KubeObject[]
  /** The part of the Release that asks for an image. */
  readonly ask: (image: string) => object
  /** Where traffic goes by the routing objects; empty when there is none to go. */
  readonly backends: (truth: Truth, setting: Setting) => readonly Backend[]
  /** The revision that a Service's selector names, if it names one. */
  readonly selected: (truth: Truth, service: string) => string | undefined
  /** What a revision may have of the traffic by what is on record in this status. */
  readonly declared: (truth: Truth, setting: Setting, revision: string) => number
  /** Weights that the plan itself names for its candidate. */
  readonly named: (setting: Setting) => readonly number[]
  /** Pods that so much traffic needs, by the plan. */
  readonly podsFor: (setting: Setting, replicas: number, weight: number, role: string) => number
}
