/** Whether the controller's account may do what its doors, faces and webhooks do. */
import { accessReviews, type Deed, type May } from '#http/may.ts'
import { CannotTell } from '#http/sign-in.ts'
import { accountName, accountOf, each } from './account.ts'
import { type Check, type Finding, type Installed, ok, unknown, wrong } from './finding.ts'
import { type Part, partsOf } from './parts.ts'
import { secretFindings } from './secret-rights.ts'

export const rights: Check = {
  name: 'rights',
  examine: async ({ cluster, installed, doors, entries }) => {
    if (installed === undefined) return []
    const may = accessReviews(cluster)
    const parts = partsOf(installed, doors)
    try {
      const found: Finding[] = []
      for (const part of parts) found.push(await findingOf(installed, part, may))
      return [...found, ...(await secretFindings({ cluster, installed, entries }, may))]
    } catch (error) {
      if (!(error instanceof CannotTell)) throw error
      return [unknown(accountName(installed), error.message)]
    }
  },
}

async function findingOf(installed: Installed, part: Part, may: May): Promise<Finding> {
  const user = accountOf(installed)
  const missing: string[] = []
  for (const { rules, namespace } of part.grants) {
    for (const deed of rules.flatMap((rule) => each(rule, namespace)))
      if (!(await may(user, deed))) missing.push(wordsOf(deed))
  }
  const about = accountName(installed)
  return missing.length === 0
    ? ok(about, `may do all that ${part.name} ${part.name.endsWith('s') ? 'do' : 'does'}`)
    : wrong(about, `may not ${missing.join('; ')}: ${part.name} cannot work`, part.todo)
}

function wordsOf({ verb, resource, subresource, group, namespace }: Deed): string {
  const of = subresource === undefined ? resource : `${resource}/${subresource}`
  const where = namespace === undefined ? '' : ` in ${namespace}`
  return `${verb} ${of}${group === '' ? '' : `.${group}`}${where}`
}
