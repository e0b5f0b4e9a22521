/** Our own door: `headgate.dev` Release, which can say everything the engine can do. */
import { readRelease } from '#core/api/read.ts'
import { relatedTo } from '#core/api/reference.ts'
import type { Release } from '#core/api/release.ts'
import { releaseCrd } from '#core/api/schema.ts'
import { notebookOf, statusOf } from '#core/api/status.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { Door } from '../door.ts'

export const headgateDoor: Door = {
  name: 'headgate',
  kind: kinds.release,
  crds: [releaseCrd],
  related: (object) => relatedTo(object as Release),
  read: (object, lookup) => readRelease(object as Release, lookup),
  notebook: (object) => notebookOf((object as Release).status),
  status: (_object, book, app) => statusOf(book, app),
}
