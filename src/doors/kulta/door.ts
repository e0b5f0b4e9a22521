/** KULTA's door: the Rollout of kulta.io, its annotations, its status, its events. */
import { writeAction } from '#core/api/action.ts'
import { notebookOf } from '#core/api/status.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { verbs } from '#core/model/app.ts'
import type { Problem } from '#core/refuse.ts'
import { annotations } from '#core/render/names.ts'
import type { Door, DoorActions } from '../door.ts'
import { convertRollout } from './convert.ts'
import { kultaMeter } from './meter.ts'
import { readRollout, type Settings } from './read.ts'
import { group, type Rollout, storedVersion, versions } from './rollout.ts'
import { rolloutCrd } from './schema.ts'
import { bookOf, rolloutStatus } from './status.ts'
import { bookLeft, formerSets } from './takeover.ts'
import { kultaVocabulary } from './vocabulary.ts'

export function kultaWith(settings: Settings): Door {
  return {
    name: 'kulta',
    kind: kinds.rollout,
    crds: [rolloutCrd],
    related: (object) => formerSets(object as Rollout),
    read: (object, lookup) => readRollout(object as Rollout, settings, lookup),
    notebook: (object, lookup) =>
      notebookOf(bookOf((object as Rollout).status)) ?? bookLeft(object as Rollout, lookup),
    status: (object, book, app) => rolloutStatus(object as Rollout, book, app),
    vocabulary: kultaVocabulary(settings),
    actions,
    meter: kultaMeter,
    lease: { name: 'kulta-controller-leader', namespace: 'kulta-system' },
    conversion: convertRollout,
    validation: {
      configuration: 'kulta-validating-webhook',
      webhook: 'rollout.kulta.io',
      versions,
      example,
      problems: (object) => problemsIn(object as Rollout, settings),
    },
  }
}

const labels = { app: 'headgate-doctor' }

const example = {
  replicas: 0,
  selector: { matchLabels: labels },
  template: {
    metadata: { labels },
    spec: { containers: [{ name: 'app', image: 'headgate-doctor' }] },
  },
  strategy: { simple: {} },
}

function problemsIn(rollout: Rollout, settings: Settings): readonly Problem[] {
  const read = readRollout(rollout, settings)
  return read.kind === 'problems' ? read.problems : []
}

/** Commands from the command line are bound to revision and step, as the engine's own are. */
const actions: DoorActions = {
  takes: verbs,
  annotations: (action) => ({ [annotations.action]: writeAction(action) }),
  version: ({ metadata }) => ({
    kind: 'template',
    at: {
      apiVersion: `${group}/${storedVersion}`,
      kind: 'Rollout',
      namespace: metadata.namespace ?? 'default',
      name: metadata.name,
    },
    path: ['spec', 'template'],
  }),
}
