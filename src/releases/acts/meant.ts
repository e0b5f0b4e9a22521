/** What a command is bound to: the revision and the step that its author looks at. */
import type { Action, Verb } from '#core/model/app.ts'
import type { Failure, Trial } from '#core/model/notebook.ts'
import { type Entry, fullName } from '../entry.ts'
import { RefusedError, UsageError } from '../errors.ts'

export type Asked = {
  readonly verb: Verb
  readonly id: string
  readonly by: string
  /** Which candidate, where several are on trial. */
  readonly candidate?: string | undefined
}

/**
 * @throws UsageError where it is not clear which candidate is meant.
 * @throws RefusedError where nothing there could be meant, or the door does not take the verb.
 */
export function actionFor(entry: Entry, asked: Asked): Action & { readonly verb: Verb } {
  assertTaken(entry, asked.verb)
  const { verb, id, by, candidate } = asked
  const uid = entry.object.metadata.uid ?? ''
  const base = { id, verb, uid, by, ...(candidate === undefined ? {} : { candidate }) }
  if (verb === 'retry') {
    const failed = failureMeant(entry, candidate)
    return { ...base, revision: failed.revision, step: undefined }
  }
  const trial = trialMeant(entry, asked)
  if (trial !== undefined) return { ...base, revision: trial.revision, step: trial.step }
  return { ...base, revision: standing(entry, candidate), step: undefined }
}

/** With nothing on trial: an experiment that is over and waits is about what was compared, all else about stable. */
function standing({ book }: Entry, candidate: string | undefined): string {
  const stable = book?.stable ?? ''
  if (book?.concluded?.open !== true) return stable
  const look = book.looks.find(({ role }) => candidate === undefined || role === candidate)
  const begun = book.decisions.findLast(({ action }) => action === 'Start')
  return look?.revision ?? begun?.revision ?? stable
}

/** Says who commands instead, where people do not. @throws RefusedError */
export function assertTaken(entry: Entry, verb: Verb, what: string = verb): void {
  const { resource, app } = entry
  const name = fullName(entry)
  if (resource.actions === undefined)
    throw new RefusedError(
      `${name}: the door ${entry.door} takes no commands from here; change its ${resource.kind.kind} instead`,
    )
  if (!resource.actions.takes.includes(verb))
    throw new RefusedError(
      `${name}: the door ${entry.door} does not take ${what}; it takes ${resource.actions.takes.join(', ')}`,
    )
  if (app?.actions !== undefined && !app.actions.takes.includes(verb))
    throw new RefusedError(
      `${name}: ${what} is for ${app.actions.instead}, who commands this release; ask there`,
    )
}

function trialMeant(entry: Entry, { verb, candidate }: Asked): Trial | undefined {
  const trials = entry.book?.trials ?? []
  if (candidate !== undefined) {
    const named = trials.find(({ role }) => role === candidate)
    if (named === undefined && entry.app?.plan.candidates.every(({ role }) => role !== candidate))
      throw new UsageError(
        `${fullName(entry)} has no candidate ${candidate}; it has ${entry.app.plan.candidates.map(({ role }) => role).join(', ')}`,
      )
    return named
  }
  if (trials.length > 1 && (verb === 'promote' || verb === 'promote-full'))
    throw new UsageError(
      `${fullName(entry)} has several candidates on trial; say which by --candidate: ${trials.map(({ role }) => role).join(', ')}`,
    )
  return trials[0]
}

function failureMeant(entry: Entry, candidate: string | undefined): Failure {
  const failed = entry.book?.failed ?? []
  const found = failed.findLast(({ role }) => candidate === undefined || role === candidate)
  if (found !== undefined) return found
  throw new RefusedError(
    `${fullName(entry)}: nothing of it has failed, so that there is nothing to try again`,
  )
}
