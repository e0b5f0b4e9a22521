/** The CanaryApp door: Istio canaries from one small resource, `canary.atze.io/v1`. */
import { writeAction } from '#core/api/action.ts'
import type { Lookup } from '#core/api/reference.ts'
import { notebookOf } from '#core/api/status.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Notebook } from '#core/model/notebook.ts'
import { annotations } from '#core/render/names.ts'
import { writtenHash } from '#core/revision.ts'
import type { Door } from '../door.ts'
import { type CanaryApp, podTemplate } from './canary-app.ts'
import { failedImages, withFailure } from './failures.ts'
import { canaryAppStatus } from './project.ts'
import { readCanaryApp } from './read.ts'
import { canaryAppCrd } from './schema.ts'
import { deploymentsOf, notebookLeft } from './takeover.ts'
import { canaryAppVocabulary } from './vocabulary.ts'

export const canaryAppDoor: Door = {
  name: 'canaryapp',
  kind: kinds.canaryApp,
  crds: [canaryAppCrd],
  related: (object) => deploymentsOf(object as CanaryApp),
  read: (object, lookup) => readCanaryApp(object as CanaryApp, lookup),
  notebook: notebookFor,
  status: (object, book, app) => canaryAppStatus(object as CanaryApp, book, app),
  vocabulary: canaryAppVocabulary,
  lease: { name: '4d29ed56.atze.io', namespace: 'canaryop-system' },
  actions: {
    takes: ['pause', 'resume', 'promote', 'promote-full', 'abort', 'retry', 'undo', 'set-image'],
    annotations: (action) => ({ [annotations.action]: writeAction(action) }),
    version: ({ apiVersion, kind, metadata: { namespace = 'default', name } }) => ({
      kind: 'image',
      at: { apiVersion, kind, namespace, name },
      path: ['spec', 'image'],
    }),
  },
}

/** As it was stored; where nothing was, as the original left it. */
function notebookFor(object: KubeObject, lookup: Lookup): Notebook | undefined {
  const app = object as CanaryApp
  const { spec, status } = app
  const book = notebookOf(status?.headgate) ?? notebookLeft(app, lookup)
  const image = (spec as CanaryApp['spec'] | undefined)?.image
  if (book === undefined || typeof image !== 'string') return book
  const revision = writtenHash(podTemplate(app, image))
  return withFailure(book, { image, revision }, failedImages(status))
}
