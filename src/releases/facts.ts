/** What is said of a release by every command and by the dashboard, in the same words. */

import type { Step } from '#core/model/app.ts'
import { stepsOf } from '#core/model/app.ts'
import type { Notebook, Phase, Reason, RoleState, Trial } from '#core/model/notebook.ts'
import { stable } from '#core/model/weights.ts'
import { pauseEnd } from '#core/steps/pause.ts'
import type { Instant } from '#core/time.ts'
import type { Entry } from './entry.ts'

/** The phase, or what stands where no controller has written one. */
export function phaseOf({ book }: Entry): Phase | 'Unknown' {
  return book?.phase ?? 'Unknown'
}

/** The one reason, in words; before a controller has looked, that nobody has. */
export function reasonOf({ book, problems }: Entry): Pick<Reason, 'message'> & {
  readonly type: string
} {
  if (book !== undefined) return book.reason
  const [problem] = problems
  if (problem !== undefined)
    return { type: 'SpecInvalid', message: `${problem.path}: ${problem.message}` }
  return { type: '-', message: 'no controller has looked at it yet' }
}

export type StepNow = {
  readonly index: number
  readonly of: number
  readonly step: Step | undefined
}

/** Where a trial stands in its steps; undefined where none is under way. */
export function stepNow(
  { app, book }: Entry,
  trial: Trial | undefined = book?.trials[0],
): StepNow | undefined {
  if (trial === undefined) return undefined
  const steps = app === undefined ? [] : stepsOf(app, trial.role)
  return { index: trial.step, of: steps.length, step: steps[trial.step] }
}

/** When the pause that it waits for ends by itself, in milliseconds since 1970; undefined where it waits for anything else. */
export function pauseEndOf(entry: Entry): Instant | undefined {
  const { book } = entry
  if (book?.reason.type !== 'WaitingForPause') return undefined
  const ends = book.trials.flatMap((trial) => {
    const step = stepNow(entry, trial)?.step
    if (step?.kind !== 'pause' || step.durationMs === undefined) return []
    return [pauseEnd(step.durationMs, trial)]
  })
  return ends.length === 0 ? undefined : Math.min(...ends)
}

/** `2/4`; past the last step, what comes after it. */
export function stepText(entry: Entry): string {
  const trial = entry.book?.trials[0]
  const now = stepNow(entry, trial)
  if (trial === undefined || now === undefined) return '-'
  if (trial.stage.kind !== 'steps') return trial.stage.kind
  return `${Math.min(now.index + 1, now.of)}/${now.of}`
}

/** Stable first. */
export function rolesOf(book: Notebook | undefined): readonly RoleState[] {
  const roles = book?.roles ?? []
  return [
    ...roles.filter(({ role }) => role === stable),
    ...roles.filter(({ role }) => role !== stable),
  ]
}

/** Without candidates that have neither a revision of their own nor traffic. */
export function rolesInUse(book: Notebook | undefined): readonly RoleState[] {
  const all = rolesOf(book)
  return all.filter(
    ({ role, revision, wanted, confirmed }) =>
      role === stable || wanted > 0 || confirmed > 0 || revision !== book?.stable,
  )
}

/** An image as short as it still tells versions apart: its tag, the beginning of its digest, or its name. */
export function shortImage(image: string): string {
  const [, digest] = /@[a-z0-9]+:([0-9a-f]{7})/.exec(image) ?? []
  const name = image.replace(/@.*$/, '').split('/').at(-1) ?? ''
  const [, tag] = /:(.+)$/.exec(name) ?? []
  return tag ?? digest ?? name
}

/** In short, the image of a role, where it is known. */
export function tagOf(
  { app, book }: Pick<Entry, 'app' | 'book'>,
  own: RoleState,
): string | undefined {
  const { role, image } = own
  if (image !== undefined) return shortImage(image)
  // A status of an earlier version says nothing of images; at rest, what is asked for is what serves.
  const asked =
    role === stable && book?.phase === 'Completed' ? app?.template.spec.containers[0] : undefined
  return asked?.image === undefined ? undefined : shortImage(asked.image)
}

/** In short, the image of the version that failed: the one asked for. None where candidates have templates of their own. */
export function failedImage({ app, book }: Pick<Entry, 'app' | 'book'>): string | undefined {
  if (book?.phase !== 'Failed' || app === undefined) return undefined
  if (app.plan.candidates.some(({ own }) => own !== undefined)) return undefined
  const [first] = app.template.spec.containers
  return first?.image === undefined ? undefined : shortImage(first.image)
}

/** A weight as people read it: pods alone split as finely as they are many, `66.7`. */
export function percent(weight: number): string {
  return String(Number(weight.toFixed(1)))
}

/** `80/20`, confirmed; `80/20 → 50/50` while more is asked for than confirmed. */
export function weightsText({ book }: Entry): string {
  const roles = rolesOf(book)
  if (roles.length === 0) return '-'
  const confirmed = roles.map((role) => percent(role.confirmed)).join('/')
  const wanted = roles.map((role) => percent(role.wanted)).join('/')
  return wanted === confirmed ? confirmed : `${confirmed} → ${wanted}`
}

/** Whether what is on record was written for the object as it is now. */
export function isObserved({ book, object }: Entry): boolean {
  const { generation = 0 } = object.metadata
  return book !== undefined && book.observedGeneration >= generation
}
