/** The image that a role runs, as people tell versions apart by it. */
import { imageOf } from './decision.ts'
import { candidateOf } from './model/app.ts'
import { keep, type RoleState } from './model/notebook.ts'
import type { RoleName } from './model/weights.ts'
import type { Pass } from './pass.ts'
import { cut } from './render/text.ts'

/** Of its workload; before that is there, of the template that asks for it; after it is gone, as it was. */
export function imageIn(
  { facts, book }: Pass,
  role: RoleName,
  revision: string,
): Pick<RoleState, 'image'> {
  const seen = facts.workload(revision, role) ?? facts.workload(revision)
  const asked = facts.targets[role]
  const isAsked = asked !== undefined && asked.kind !== 'ask' && asked.revision === revision
  const own = candidateOf(facts.app, role)?.own ?? facts.app
  const known = book.roles.find((one) => one.role === role && one.revision === revision)?.image
  const template = seen?.template ?? (isAsked ? own.template : undefined)
  const image = template === undefined ? known : cut(imageOf(template), keep.eventText)
  return image === undefined || image === '' ? {} : { image }
}
