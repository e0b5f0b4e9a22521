/** Commands that say who has changed the template. The change stands where the template does; said alone, they change nothing. */
import type { Action } from './model/app.ts'
import type { Notebook } from './model/notebook.ts'
import type { Note, Pass } from './pass.ts'

const told = {
  undo: { action: 'Undo', said: 'undone', command: 'undo' },
  restart: { action: 'Restart', said: 'restarted', command: 'restart' },
  'set-image': { action: 'SetImage', said: 'image set', command: 'set image' },
} as const

export type TemplateVerb = keyof typeof told

/** Whether its author looked at what is on record: what was asked for before the change. */
export function isOfTemplate({ verb, revision }: Action, book: Notebook): boolean {
  return Object.hasOwn(told, verb) && isOnRecord(book, revision)
}

function isOnRecord({ stable, trials, failed, decisions }: Notebook, revision: string): boolean {
  // Before a controller has looked, nothing is known.
  return (
    (stable ?? '') === revision ||
    [...trials, ...failed, ...decisions].some((one) => one.revision === revision)
  )
}

type Said =
  | { readonly kind: 'changed'; readonly note: Note }
  | { readonly kind: 'unchanged'; readonly why: string }

/** What to write down of it; undefined until it is known what is asked for now. */
export function saidOfTemplate(
  { facts: { target } }: Pass,
  { revision, step, id: actionId, by }: Action,
  verb: TemplateVerb,
): Said | undefined {
  if (target.kind === 'ask') return undefined
  const { action, said, command } = told[verb]
  if (target.revision === revision)
    return { kind: 'unchanged', why: `${verb} changes the template; use "headgate ${command}"` }
  const message = `${said} by ${by}: revision ${target.revision} is asked for`
  const reason = 'TemplateChanged'
  const note = { action, reason, message, by, actionId, meant: { revision, step } } as const
  return { kind: 'changed', note }
}
