/** What a door understood of its input: one application, the revision asked for, and the plan to get there. */
import type { KubeObject, Labels, OwnerReference } from '../k8s/meta.ts'
import type { PodTemplate, ServicePort } from '../k8s/workloads.ts'
import type { Instant } from '../time.ts'
import type { Analysis } from './analysis.ts'
import type { Experiment } from './experiment.ts'
import type { GateSpec } from './gate.ts'
import { type RoleName, stable } from './weights.ts'

export type App = {
  /** The door that owns it, by its name in the register. */
  readonly door: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly generation: number
  readonly createdAt: Instant
  /** When somebody asked for its deletion, if somebody did. */
  readonly deletedAt: Instant | undefined
  readonly resourceVersion: string
  readonly finalizers: readonly string[]
  readonly owner: OwnerReference
  /** The template of the app itself; which role a change of it goes to first is the plan's matter. */
  readonly template: PodTemplate
  /** Hash of the template as its author wrote it; see revision.ts. */
  readonly written: string
  /** The name that its revision gets, where its author gives one; the hash otherwise. */
  readonly revision?: string
  readonly replicas: number
  /** Labels that select the app's pods, whatever their revision or role. */
  readonly selector: Labels
  readonly workloads: Workloads
  /** The Service of each role. */
  readonly services: Readonly<Record<RoleName, string>>
  readonly traffic: Traffic
  readonly plan: Plan
  readonly analysis: Analysis | undefined
  readonly progressDeadlineMs: number
  /** The Deployment that gave the template, if one did. */
  readonly reference?: Reference
  /** What somebody asks for now, if anything. */
  readonly action: ActionAsked | undefined
  /** Which commands people may give; left out, all. Others are refused, naming who commands `instead`. */
  readonly actions?: { readonly takes: readonly Verb[]; readonly instead: string }
  /** How things that we make look, beyond what follows from the rest. */
  readonly made?: Made
  /** Templates of revisions that its door remembers, for workloads that somebody deleted. */
  readonly templates?: Readonly<Record<string, Template>>
  /** Hosts under which it is reached from outside, where its door knows them; `*` is any. */
  readonly hosts?: readonly string[]
  /** Workloads under the names of its roles that another controller made, and that become ours as they are. */
  readonly takeOver?: readonly TakeOver[]
}

/** A workload that is taken over: what it is seen to be, and what it gets to be known by. */
export type TakeOver = {
  readonly role: RoleName
  readonly revision: string
  readonly written: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly labels: Labels
  readonly annotations: Labels
}

/** In all texts, `{release}`, `{service}` (its own name), `{role}` and `{revision}` stand for theirs. */
export type Made = {
  /** Services that are not there yet. Left out, ports follow the route, and the selector what tells pods apart. */
  readonly service?: {
    readonly labels?: Labels
    readonly ports?: readonly ServicePort[]
    readonly selector?: Labels
  }
  /**
   * Objects that stand beside the workloads, without owner and labels of ours: made where they are missing, repaired
   * where they are ours. A routing object among them is made too; one that people wrote is used as it is.
   */
  readonly objects?: readonly KubeObject[]
}

/** A Deployment that a release took over from. */
export type Reference = {
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  /** Whether it has annotations at all. */
  readonly annotated: boolean
  readonly replicas: number
  readonly ready: number
  /** Its pods before we took them away: what it gets back. */
  readonly wanted: number
}

export const workloadKinds = ['ReplicaSet', 'Deployment', 'ReplicationController'] as const
export type WorkloadKind = (typeof workloadKinds)[number]

/** Which objects run the pods: their kind, their names, and the labels by which Services tell their pods apart. */
export type Workloads = {
  readonly kind: WorkloadKind
  readonly layout: Layout
  /** Further labels of workloads, their selectors and their pods, with `{release}`, `{role}` and `{revision}` in the values. */
  readonly labels?: Labels
  /** Annotations of workloads, with the same. */
  readonly annotations?: Labels
  /** Workloads without pods that are kept, newest first; left out, 10. Only by revision. */
  readonly history?: number
}

export type Layout =
  /**
   * One workload for each revision, `{prefix}-{revision}`; Services select a revision, and promotion moves the selector.
   * In the values of `labels`, which every pod and every Service's selector bears, `{revision}` stands for its name.
   */
  | { readonly by: 'revision'; readonly prefix: string; readonly labels: Labels }
  /** One workload for each role, under a fixed name; Services select the role, and promotion changes what stable runs. */
  | {
      readonly by: 'role'
      readonly roles: Readonly<Record<RoleName, RoleSeat>>
      readonly promotion: 'replace' | 'handover'
      /** What becomes of a candidate's workload that nobody wants. */
      readonly idle: 'keep' | 'delete'
    }

/**
 * Where the pods of a role live: the name of their workload, in which `{revision}` may stand for a candidate's, and the
 * labels that its Service selects.
 */
export type RoleSeat = { readonly name: string; readonly labels: Labels }

export type Traffic = {
  /** Name of a traffic router in its register. */
  readonly router: string
  /** Name of the routing object, in the app's namespace. */
  readonly route: string
  /** Names of further routing objects of the same kind, which bear the same weights. */
  readonly also?: readonly string[]
  /** Where the routing object is not there, it goes by pods alone, and says so. */
  readonly optional?: boolean
  /** Overrides the router's own settle time, and its drain time where none is given. */
  readonly settleMs: number | undefined
  /** Overrides the router's own drain time; never less than the settle time. */
  readonly drainMs?: number
  /** Names of each role's rules by match, where the door gives them. */
  readonly matchNames?: Readonly<Record<RoleName, readonly string[]>>
  /** Names of each role's own routing object, for routers that need one; else `{route}-{role}`. */
  readonly names?: Readonly<Record<RoleName, string>>
  /** Where roles are subsets of one host (Istio): that host, and the subset of each role. */
  readonly subsets?: { readonly host: string; readonly of: Readonly<Record<RoleName, string>> }
  /** The version in which the cluster serves the routing objects, where there are several. */
  readonly apiVersion?: string
  /** What the route does beside splitting traffic. */
  readonly extras?: Extras
}

/** What a route may do beside splitting traffic. Each router says which of it it can; see traffic/extras.ts. */
export type Extras = {
  /** Requests for this host are sent to another one, with https. */
  readonly redirect?: { readonly from: string; readonly to: string }
  /** Set on every answer. */
  readonly responseHeaders?: Labels
  readonly compression?: boolean
  readonly tls?: { readonly hosts: readonly string[]; readonly secret: string }
  /** Requests with this cookie stay with one pod; the gateway sets it. */
  readonly sticky?: { readonly cookie: string }
  /** Whole seconds until a request is given up. */
  readonly timeoutSeconds?: number
}

export const strategies = ['canary', 'blueGreen', 'experiment', 'rolling', 'commanded'] as const
export type Strategy = (typeof strategies)[number]

/**
 * How revisions trade places. All strategies are one kind of plan: candidates that go on trial beside stable, each by
 * steps of its own, and a promotion. They join and leave it independently of one another.
 */
export type Plan = {
  /** For phases and sentences; what is done follows from the rest. */
  readonly strategy: Strategy
  readonly candidates: readonly Candidate[]
  readonly promotion: Promotion
  /** Stable gives up the pods that candidates take, so that there are never more in all than the app asks for. */
  readonly split?: boolean
  /** With `split`: how many pods more than asked for there may be while it is split anew, and how many fewer. */
  readonly bounds?: Bounds
  /** What ends the trial of candidates that are compared with stable; undefined where each goes by its steps alone. */
  readonly experiment?: Experiment
  /**
   * `steps`: the very first revision goes through the candidates' steps too, beside itself; only where workloads belong
   * to roles. Left out, it serves at once.
   */
  readonly firstInstall?: 'serve' | 'steps'
  /** So many revisions of each candidate that were turned back are remembered, until one succeeds; left out, the last. */
  readonly keepFailures?: number
}

/** Whole numbers, or shares like `25%`: more are rounded up, fewer down, as in a Deployment. */
export type Bounds = {
  readonly maxSurge: number | string
  readonly maxUnavailable: number | string
}

/** How a candidate that has been judged becomes stable, and what follows. */
export type Promotion = {
  /**
   * `shift`: by weight, so that no request meets a change of selectors. `switch`: the stable Service turns to the
   * candidate's pods in one write, which also takes it back. `roll`: pod by pod behind one Service.
   */
  readonly how: 'shift' | 'switch' | 'roll'
  /** Metrics that must pass once more after it, with all traffic at the candidate; a failure turns it back. */
  readonly verify: readonly string[]
  /** Gates that must let it pass besides, from then on. */
  readonly gates?: readonly GateSpec[]
  /** The old revision keeps its pods for so long, as an instant way back. */
  readonly scaleDownDelayMs: number
  /** Pods more than wanted while it rolls, and pods fewer: whole numbers, or shares like `25%`. */
  readonly maxSurge: number | string
  readonly maxUnavailable: number | string
  /** With workloads by role: the judged pods stay in the candidate's role until the next release begins. */
  readonly late: boolean
  /** The host under which the candidate is reached before it is promoted. */
  readonly previewHost: string | undefined
}

/** The plain promotion: by weight, with nothing to follow. */
export const plainPromotion: Promotion = {
  how: 'shift',
  verify: [],
  scaleDownDelayMs: 0,
  maxSurge: '25%',
  maxUnavailable: 0,
  late: false,
  previewHost: undefined,
}

export type Candidate = {
  readonly role: RoleName
  /** What it runs; undefined for the app's own template. */
  readonly own: Template | undefined
  readonly steps: readonly Step[]
  /** The newest word from outside about this candidate, where somebody else commands its steps. */
  readonly command: Command | undefined
  /** How it is promoted, where it is otherwise than the plan says. */
  readonly how?: Promotion['how']
}

/** A pod template and the hash of how its author wrote it. */
export type Template = {
  readonly template: PodTemplate
  readonly written: string
  /** The name its revision gets where its author gives one; the hash otherwise. */
  readonly revision?: string
}

/** A position given from outside. Versions only grow; an older one than is on record says nothing any more. */
export type Command = {
  readonly version: number
  /** Whole per cent. */
  readonly weight: number
  /** Pods; undefined for as many as the weight needs. */
  readonly replicas: number | undefined
  readonly promote: boolean
}

export type Step =
  | { readonly kind: 'weight'; readonly weight: number; readonly replicas: number | undefined }
  | { readonly kind: 'replicas'; readonly replicas: number }
  | { readonly kind: 'pause'; readonly durationMs: number | undefined }
  | { readonly kind: 'analysis'; readonly metrics: readonly string[] }
  /** Requests that match any of these go to the candidate; from here on, until another such step. */
  | { readonly kind: 'match'; readonly matches: readonly Match[] }
  /** All of them have to be passed. */
  | { readonly kind: 'gate'; readonly gates: readonly GateSpec[] }
  /** Stays until the plan's experiment is concluded. */
  | { readonly kind: 'judge' }

/** What tells a request that belongs to a candidate. `regex` is RE2 over the whole value. */
export type Match =
  | {
      readonly kind: 'header'
      readonly name: string
      readonly value: string
      readonly regex: boolean
    }
  | { readonly kind: 'cookie'; readonly name: string; readonly value: string }

/** What of a notebook says where candidates have their Services and workloads. */
type Places = {
  readonly trials: readonly { readonly role: RoleName; readonly service: string }[]
  readonly roles: readonly {
    readonly role: RoleName
    readonly service?: string | undefined
    readonly seat?: RoleSeat | undefined
  }[]
}

/**
 * The app with the Services that trials began with, whatever is written now, and with the places of candidates that left
 * the plan, as long as anything of theirs may be there.
 */
export function withPlacesOf(app: App, book: Places | undefined): App {
  if (book === undefined) return app
  const begun = book.trials
    .filter(({ role, service }) => service !== '' && app.services[role] !== service)
    .map(({ role, service }) => [role, service] as const)
  const left = book.roles.filter(
    ({ role }) => role !== stable && candidateOf(app, role) === undefined,
  )
  if (begun.length + left.length === 0) return app
  const served = left.flatMap(({ role, service }) =>
    service === undefined ? [] : [[role, service] as const],
  )
  const services = {
    ...Object.fromEntries(served),
    ...app.services,
    ...Object.fromEntries(begun),
  }
  return { ...app, services, workloads: withSeatsOf(app.workloads, left) }
}

function withSeatsOf(workloads: Workloads, left: Places['roles']): Workloads {
  const { layout } = workloads
  if (layout.by === 'revision') return workloads
  const seats = left.flatMap(({ role, seat }) =>
    seat === undefined ? [] : [[role, seat] as const],
  )
  const roles = { ...Object.fromEntries(seats), ...layout.roles }
  return { ...workloads, layout: { ...layout, roles } }
}

/** Candidates with a Service of their own, hence a place in the route. */
export function routedRoles({ plan, services }: App): readonly RoleName[] {
  return plan.candidates.map(({ role }) => role).filter((role) => services[role] !== undefined)
}

/** The steps and the command of a role's candidate; none where the plan has no such candidate (any more). */
export function candidateOf({ plan }: App, role: RoleName): Candidate | undefined {
  return plan.candidates.find((candidate) => candidate.role === role)
}

export function stepsOf(app: App, role: RoleName): readonly Step[] {
  return candidateOf(app, role)?.steps ?? []
}

export const verbs = [
  'pause',
  'resume',
  'promote',
  'promote-full',
  'abort',
  'retry',
  'undo',
  'restart',
  'set-image',
] as const
export type Verb = (typeof verbs)[number]

/** A command from a person or a program, as it stands on the object. `problem` says why it cannot be one. */
export type ActionAsked =
  | { readonly kind: 'action'; readonly text: string; readonly action: Action }
  /**
   * An annotation of a door's own that says nothing but what to do. It means the revision and the step at which it is
   * seen first, is obeyed once, and is taken off.
   */
  | {
      readonly kind: 'bare'
      readonly annotation: string
      readonly text: string
      readonly verb: Action['verb']
      readonly candidate?: RoleName
      readonly by: string
    }
  | {
      readonly kind: 'malformed'
      readonly text: string
      readonly id: string
      readonly problem: string
    }

export type Action = {
  readonly id: string
  /** `conclude` ends an experiment without a winner; only doors can say it. */
  readonly verb: Verb | 'conclude'
  readonly uid: string
  readonly revision: string
  readonly step: number | undefined
  /** The candidate that is meant, where there may be several; left out, all that it can apply to. */
  readonly candidate?: RoleName
  readonly by: string
}
