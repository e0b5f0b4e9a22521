/** Where the template of a revision can be had: from who asks for it, a workload that runs it, or who remembers it. */
import { entry } from './entry.ts'
import type { Facts } from './facts.ts'
import type { Template } from './model/app.ts'

export function templateOf(facts: Facts, revision: string): Template | undefined {
  const { app, target, targets } = facts
  if (target.kind !== 'ask' && target.revision === revision) return app
  const asked = app.plan.candidates.find(({ role }) => {
    const one = targets[role]
    return one !== undefined && one.kind !== 'ask' && one.revision === revision
  })?.own
  if (asked !== undefined) return asked
  const seen = facts.workload(revision) ?? facts.remembered.find((one) => one.revision === revision)
  return seen === undefined
    ? entry(app.templates, revision)
    : { template: facts.bare(seen.template), written: seen.written }
}
