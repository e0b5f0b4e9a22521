/** Whether Services tell the pods of roles apart, where workloads belong to roles. What a Service selects by is people's own. */
import { entry } from './entry.ts'
import type { Labels } from './k8s/meta.ts'
import { type App, candidateOf } from './model/app.ts'
import type { RoleName } from './model/weights.ts'
import type { Observed } from './observed.ts'
import { isShared, labels, tellingLabels } from './render/names.ts'

export type Misfit = {
  readonly service: string
  readonly message: string
}

/**
 * The first Service that selects pods of another role as well, or those of one revision alone: whatever is written about
 * weights, its traffic would go elsewhere.
 */
export function misfitOf({ app, services }: Observed): Misfit | undefined {
  if (app.workloads.layout.by === 'revision') return undefined
  for (const [role, service] of Object.entries(app.services)) {
    const seen = entry(services, service)
    // One without a selector is served by whoever writes its endpoints.
    if (seen === undefined || isShared(app, role) || Object.keys(seen.selector).length === 0)
      continue
    const { selector } = seen
    const pinned = selector[labels.revision]
    if (pinned !== undefined) {
      const what = `selects revision ${pinned} alone, and this release changes what runs in a role`
      return { service, message: `${what}; take ${labels.revision} out of its selector` }
    }
    const other = Object.keys(app.services).find(
      (one) => one !== role && isWithin(selector, knownLabels(app, one)),
    )
    if (other === undefined) continue
    const telling = Object.entries(tellingLabels(app, role, '')).map((pair) => pair.join(': '))
    const cure = `add ${telling.join(' and ')} to its selector`
    return { service, message: `selects the pods of ${other} too; ${cure}` }
  }
  return undefined
}

/** What is sure to stand on a role's pods, whatever revision they run. */
function knownLabels(app: App, role: RoleName): Labels {
  const { template } = candidateOf(app, role)?.own ?? app
  return {
    ...template.metadata?.labels,
    ...tellingLabels(app, role, ''),
    [labels.seat]: role,
    [labels.release]: app.name,
  }
}

function isWithin(selector: Labels, known: Labels): boolean {
  return Object.entries(selector).every(([key, value]) => entry(known, key) === value)
}
