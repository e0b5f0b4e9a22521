/** From a Rollout to the engine's model: an app, or the problems that keep it from being one. */
import { identityOf } from '#core/api/identity.ts'
import { Notes } from '#core/api/notes.ts'
import type { ReadResult } from '#core/api/read.ts'
import type { Lookup } from '#core/api/reference.ts'
import { notebookOf } from '#core/api/status.ts'
import { problemsOf } from '#core/express.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { Labels } from '#core/k8s/meta.ts'
import type { Container } from '#core/k8s/workloads.ts'
import type { App, Layout, Traffic } from '#core/model/app.ts'
import { writtenHash } from '#core/revision.ts'
import { readAbTesting } from './ab-testing.ts'
import { readBlueGreen } from './blue-green.ts'
import { readCanary } from './canary.ts'
import { readCommand } from './command.ts'
import type { Part, Reading } from './part.ts'
import { labels, type Rollout, type RolloutSpec } from './rollout.ts'
import { readSimple } from './simple.ts'
import { bookOf } from './status.ts'
import { type Former, formersOf, takeOvers } from './takeover.ts'
import type { Speaking } from './vocabulary.ts'

export type Settings = {
  /** Whom to ask for metrics where a Rollout does not say. */
  readonly prometheus?: string
} & Speaking

export function readRollout(
  rollout: Rollout,
  settings: Settings,
  lookup: Lookup = () => undefined,
): ReadResult {
  const shape = shapeProblem(rollout)
  if (shape !== undefined) return { kind: 'problems', problems: [shape] }
  const notes = new Notes()
  const app = withFormers(appOf(rollout, settings, notes), formersOf(rollout, lookup))
  const problems = notes.found.length > 0 ? notes.found : problemsOf(app)
  return problems.length > 0 ? { kind: 'problems', problems } : { kind: 'app', app }
}

/** What cannot be read any further; the API server's schema refuses most of it. */
function shapeProblem({ spec }: Rollout): { path: string; message: string } | undefined {
  const given = spec as Partial<RolloutSpec> | undefined
  if (typeof given !== 'object') return { path: 'spec', message: 'Required value' }
  for (const field of ['selector', 'template', 'strategy'] as const)
    if (typeof given[field] !== 'object' || given[field] === null)
      return { path: `spec.${field}`, message: 'Required value' }
  const { canary, blueGreen, abTesting, simple } = given.strategy ?? {}
  if (
    canary === undefined &&
    blueGreen === undefined &&
    abTesting === undefined &&
    simple === undefined
  )
    return { path: 'spec.strategy', message: 'must have canary, blueGreen, abTesting or simple' }
  if (!Array.isArray(given.template?.spec?.containers))
    return { path: 'spec.template.spec.containers', message: 'Required value' }
  return undefined
}

/** What the original left stays as it is; its pods cannot be handed over. */
function withFormers(app: App, formers: readonly Former[]): App {
  const { layout } = app.workloads
  if (formers.length === 0 || layout.by !== 'role') return app
  const workloads = { ...app.workloads, layout: { ...layout, promotion: 'replace' as const } }
  return { ...app, workloads, takeOver: takeOvers(formers) }
}

function appOf(rollout: Rollout, { prometheus }: Settings, notes: Notes): App {
  const { metadata, spec } = rollout
  const replicas = spec.replicas ?? 1
  if (!Number.isInteger(replicas) || replicas < 0)
    notes.add('spec.replicas', `${replicas} is no number of pods; write a whole number`)
  const { name } = metadata
  if (name.length > 63) notes.add('metadata.name', 'has more than 63 characters')
  const part = partOf(spec, { notes, name, replicas, address: prometheus })
  checkBounds(spec, notes)
  const action = readCommand(rollout, notebookOf(bookOf(rollout.status)))
  return {
    door: 'kulta',
    ...identityOf(rollout, kinds.rollout),
    template: spec.template,
    written: writtenHash(spec.template),
    replicas,
    selector: selectorOf(spec, notes),
    services: part.services,
    traffic: trafficOf(part),
    workloads: { kind: 'ReplicaSet', layout: layoutOf(part), labels: workloadLabels },
    plan: part.plan,
    analysis: part.analysis,
    progressDeadlineMs: deadlineOf(spec, notes),
    action,
    ...madeOf(part, spec),
  }
}

/** What KULTA's ReplicaSets and pods bear beside what tells them apart; `rollout` is for metrics. */
const workloadLabels: Labels = {
  [labels.managed]: 'true',
  [labels.rollout]: '{release}',
  [labels.hash]: '{revision}',
  rollout: '{release}',
}

function layoutOf({ seats }: Part): Layout {
  return { by: 'role', roles: seats, promotion: 'handover', idle: 'keep' }
}

/** Of several strategies the first counts. */
function partOf({ strategy }: RolloutSpec, reading: Reading): Part {
  const { simple, blueGreen, abTesting, canary } = strategy
  if (simple !== undefined) return readSimple(simple, reading)
  if (blueGreen !== undefined) return readBlueGreen(blueGreen, reading)
  if (abTesting !== undefined) return readAbTesting(abTesting, reading)
  return readCanary(canary ?? { canaryService: '', stableService: '' }, reading)
}

/** Without an HTTPRoute, or while there is none, it goes by pods alone. */
function trafficOf({ route, matchNames }: Part): Traffic {
  if (route === undefined || route === '') return { router: 'none', route: '', settleMs: undefined }
  return {
    router: 'gateway-api',
    route,
    settleMs: undefined,
    optional: true,
    ...(matchNames === undefined ? {} : { matchNames }),
  }
}

/** Services that are missing get the port that the Rollout names. */
function madeOf({ port }: Part, { template }: RolloutSpec): Pick<App, 'made'> | object {
  if (port === undefined) return {}
  const [first] = template.spec.containers.flatMap((one: Container) => one.ports ?? [])
  const targetPort = first?.containerPort ?? port
  return { made: { service: { ports: [{ name: 'http', port, targetPort }] } } }
}

/** KULTA's selector may be written by expressions; the labels that both sides have are enough to tell its pods. */
function selectorOf({ selector, template }: RolloutSpec, notes: Notes): Labels {
  const own = template.metadata?.labels ?? {}
  const wanted = selector.matchLabels ?? {}
  for (const [key, value] of Object.entries(wanted))
    if (own[key] !== value)
      notes.add(
        'spec.template.metadata.labels',
        `must have ${key}: ${value}, which spec.selector asks for`,
      )
  return Object.keys(wanted).length > 0 ? wanted : own
}

function deadlineOf({ progressDeadlineSeconds = 600 }: RolloutSpec, notes: Notes): number {
  if (!Number.isInteger(progressDeadlineSeconds) || progressDeadlineSeconds < 0)
    notes.add('spec.progressDeadlineSeconds', 'must be a whole number of seconds, 0 or more')
  // As the original's 0 would fail at once, it says that there is no deadline.
  return progressDeadlineSeconds === 0 ? 3650 * 86_400_000 : progressDeadlineSeconds * 1000
}

function checkBounds({ maxSurge, maxUnavailable }: RolloutSpec, notes: Notes): void {
  for (const [field, value] of Object.entries({ maxSurge, maxUnavailable })) {
    if (value === undefined || /^(\d{1,9}|(100|\d{1,2})%)$/.test(String(value))) continue
    notes.add(
      `spec.${field}`,
      `${JSON.stringify(value)} is no count; write a whole number or a share from 0% to 100%`,
    )
  }
}
