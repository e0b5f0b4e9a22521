/** Objects of every door with the statuses that its own writer gives them, in each state that people and tools ask about. */

import { readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'
import { conditionsOf } from '#core/conditions.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Failure, Notebook, Trial } from '#core/model/notebook.ts'
import { emptyNotebook } from '#core/pass.ts'
import type { Door } from '#doors/door.ts'

const at = Date.parse('2026-11-21T10:00:00Z')

const example: Readonly<Record<string, string>> = {
  headgate: 'examples/rolling/release.yaml',
  kulta: 'examples/kulta/simple/rollout.yaml',
  canaryapp: 'examples/canaryapp/canaryapp.yaml',
}

/** As the API server would hand it out. @throws Error where a door has no example here. */
function sampleOf(door: Door): KubeObject {
  const path = example[door.name]
  if (path === undefined) throw new Error(`name an example of the door ${door.name} in this file`)
  const objects = parseAllDocuments(readFileSync(path, 'utf8')).map(
    (document) => document.toJS() as KubeObject,
  )
  const object = objects.find(({ kind }) => kind === door.kind.kind)
  if (object === undefined) throw new Error(`${path} has no ${door.kind.kind}`)
  const metadata = { namespace: 'default', uid: 'u-1', resourceVersion: '17', generation: 2 }
  return { ...object, metadata: { ...object.metadata, ...metadata } }
}

const reason = (type: Notebook['reason']['type'], message: string): Notebook['reason'] => ({
  type,
  message,
  object: undefined,
  since: at,
  next: undefined,
})

function trialOf(role: string, revision: string): Trial {
  return {
    role,
    revision,
    startedAt: at,
    stage: { kind: 'steps' },
    step: 1,
    stepStartedAt: at,
    trafficSince: at,
    service: 'shop-canary',
    command: undefined,
  }
}

export type State =
  | 'unseen'
  | 'outdated'
  | 'coming up'
  | 'under way'
  | 'waiting for approval'
  | 'held'
  | 'failed'
  | 'serving'
  | 'refused by its spec'

/** What stands in the notebook in each state; the role of the candidate differs by door. */
function bookIn(
  state: Exclude<State, 'unseen'>,
  { role, revision }: { readonly role: string; readonly revision: string },
): Notebook {
  const failure: Failure = { role, revision, reason: 'AnalysisFailed', message: 'bad', at }
  const stable = { stable: 'r1' }
  const trials = { ...stable, trials: [trialOf(role, revision)] }
  const changes: Readonly<Record<Exclude<State, 'unseen'>, Partial<Notebook>>> = {
    outdated: {
      ...stable,
      phase: 'Completed',
      reason: reason('Serving', 'r1 serves'),
      observedGeneration: 1,
    },
    'coming up': { phase: 'Initializing', reason: reason('WaitingForPods', '0 of 1 pods') },
    'under way': { ...trials, phase: 'Progressing', reason: reason('WaitingForAnalysis', 'looks') },
    'waiting for approval': {
      ...trials,
      phase: 'Paused',
      reason: reason('WaitingForApproval', 'somebody has to promote'),
    },
    held: {
      ...trials,
      phase: 'Paused',
      paused: { at, by: 'ann' },
      reason: reason('Paused', 'ann holds it'),
    },
    failed: {
      ...stable,
      phase: 'Failed',
      failed: [failure],
      reason: reason('AnalysisFailed', 'bad'),
    },
    serving: { ...stable, phase: 'Completed', reason: reason('Serving', 'r1 serves') },
    'refused by its spec': { ...stable, phase: 'Progressing', reason: reason('SpecInvalid', 'no') },
  }
  const book = { ...emptyNotebook(2, at), ...changes[state] }
  return { ...book, conditions: conditionsOf(book, undefined, false, at) }
}

/** The object with the status that its door writes. */
export function objectIn(door: Door, state: State): KubeObject {
  const object = sampleOf(door)
  if (state === 'unseen') return sampleOf(door)
  const read = door.read(object, () => undefined)
  const app = read.kind === 'app' ? read.app : undefined
  const role = app?.plan.candidates[0]?.role ?? 'canary'
  const status = door.status(object, bookIn(state, { role, revision: app?.written ?? 'r2' }), app)
  // As it comes back from the server: plain data.
  return JSON.parse(JSON.stringify({ ...object, status })) as KubeObject
}
