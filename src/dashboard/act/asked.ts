/** The release that somebody acts on, read anew, and what the action means for it as it is now. */
import type { Action, Verb } from '#core/model/app.ts'
import type { TemplateVerb } from '#core/template-changes.ts'
import type { Cluster } from '#kube/cluster.ts'
import { restarting, type TemplateChange, undoing } from '#releases/acts/change.ts'
import { actionFor } from '#releases/acts/meant.ts'
import { type Entry, fullName } from '#releases/entry.ts'
import { RefusedError, UsageError } from '#releases/errors.ts'
import { findEntry } from '#releases/find.ts'
import { notFound } from '../http/refusal.ts'
import type { ActionRequest, ActionVerb, ReleaseId } from '../wire.ts'

export async function entryAt(cluster: Cluster, id: ReleaseId): Promise<Entry> {
  const { door, namespace, name } = id
  try {
    return await findEntry({ cluster, namespace }, `${door}/${name}`)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw notFound(`there is no release ${door}/${name} in namespace ${namespace}`)
  }
}

/** What is asked for, bound to the revision and step that stand there now. */
export type Meant = { readonly revision: string; readonly step: number | undefined } & (
  | { readonly kind: 'command'; readonly action: Action & { readonly verb: Verb } }
  | {
      readonly kind: 'template'
      readonly verb: TemplateVerb
      readonly change: TemplateChange
    }
)

/** What another template means, in the words of the command that does the same. */
export function askedAgain({
  verb,
  change,
  revision,
}: Extract<Meant, { readonly kind: 'template' }>): string {
  if (verb !== 'undo') return 'the same template is asked for anew, as a new revision'
  const { kind, name } = change.now.place.at
  return `revision ${revision} is asked for again; a manifest of ${kind} ${name} kept elsewhere has to follow`
}

/** @throws RefusedError, UsageError where nothing there could be meant. */
export async function meantBy(
  cluster: Cluster,
  entry: Entry,
  {
    verb,
    candidate,
    id,
    by,
  }: {
    readonly verb: ActionVerb
    readonly candidate: string | undefined
    readonly id: string
    readonly by: string
  },
): Promise<Meant> {
  if (verb === 'undo') {
    const change = await undoing({ cluster }, entry, undefined)
    return { kind: 'template', verb, change, revision: change.revision, step: undefined }
  }
  if (verb === 'restart') {
    const change = await restarting({ cluster }, entry)
    return { kind: 'template', verb, change, revision: presentOf(entry), step: undefined }
  }
  const action = actionFor(entry, { verb, candidate, id, by })
  return { kind: 'command', action, revision: action.revision, step: action.step }
}

function presentOf({ book }: Entry): string {
  return book?.trials[0]?.revision ?? book?.stable ?? ''
}

/** @throws RefusedError where its author looked at something else than what stands there now. */
export function assertFresh(entry: Entry, meant: Meant, seen: ActionRequest): void {
  if (meant.revision === seen.revision && meant.step === seen.step) return
  throw new RefusedError(
    `${fullName(entry)} has moved on: this was meant for ${told(seen)}, and it is at ${told(meant)} now; look at it again`,
  )
}

function told({ revision, step }: ActionRequest | Meant): string {
  const of = revision === '' ? 'no revision' : `revision ${revision}`
  return step === undefined ? of : `${of}, step ${step + 1}`
}
