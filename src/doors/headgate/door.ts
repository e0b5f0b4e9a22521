/** Our own door: `headgate.dev` Release, which can say everything the engine can do. */
import { writeAction } from '#core/api/action.ts'
import { readRelease } from '#core/api/read.ts'
import { relatedTo } from '#core/api/reference.ts'
import type { Release } from '#core/api/release.ts'
import { releaseCrd } from '#core/api/schema.ts'
import { notebookOf, statusOf } from '#core/api/status.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { verbs } from '#core/model/app.ts'
import { annotations } from '#core/render/names.ts'
import type { Door, VersionPlace } from '../door.ts'

export const headgateDoor: Door = {
  name: 'headgate',
  kind: kinds.release,
  crds: [releaseCrd],
  related: (object) => relatedTo(object as Release),
  read: (object, lookup) => readRelease(object as Release, lookup),
  notebook: (object) => notebookOf((object as Release).status),
  status: (_object, book, app) => statusOf(book, app),
  actions: {
    takes: verbs,
    annotations: (action) => ({ [annotations.action]: writeAction(action) }),
    version: versionOf,
  },
}

/** The template of its own, or that of the Deployment it names. */
function versionOf(object: KubeObject): VersionPlace {
  const [reference] = relatedTo(object as Release)
  const { apiVersion, kind, metadata } = object
  const { namespace = 'default', name } = metadata
  const at = reference ?? { apiVersion, kind, namespace, name }
  return { kind: 'template', at, path: ['spec', 'template'] }
}
