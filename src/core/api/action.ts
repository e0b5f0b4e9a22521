/** The command annotation: JSON with id, verb, uid, revision, step, candidate, by. */
import { shortHash } from '../hash.ts'
import type { Labels } from '../k8s/meta.ts'
import { type Action, type ActionAsked, type Verb, verbs } from '../model/app.ts'
import { annotations } from '../render/names.ts'

/** Reads the command that stands on an object, if any. One that makes no sense is told so, once, and removed. */
export function readAction(metadata: Labels | undefined): ActionAsked | undefined {
  const text = metadata?.[annotations.action]
  if (text === undefined) return undefined
  const action = parse(text)
  if (typeof action !== 'string') return { kind: 'action', text, action }
  return {
    kind: 'malformed',
    text,
    id: shortHash(text),
    problem: `the annotation ${annotations.action} ${action}`,
  }
}

/** The annotation's text for a command. */
export function writeAction(action: Action): string {
  return JSON.stringify(action)
}

function parse(text: string): Action | string {
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'is not a JSON object'
  const { id, verb, uid, revision, step, candidate, by } = value as Readonly<
    Record<string, unknown>
  >
  if (typeof id !== 'string' || id === '' || id.length > 64)
    return 'has no id of 1 to 64 characters'
  if (!verbs.includes(verb as Verb)) return `has no verb; it is one of ${verbs.join(', ')}`
  if (typeof uid !== 'string') return 'has no uid: that of the object it is meant for'
  if (typeof revision !== 'string' || revision.length > 63)
    return 'has no revision: the one it is meant for'
  return {
    id,
    verb: verb as Verb,
    uid,
    revision,
    step: typeof step === 'number' ? step : undefined,
    ...(typeof candidate === 'string' ? { candidate: candidate.slice(0, 63) } : {}),
    by: typeof by === 'string' && by !== '' ? by.slice(0, 128) : 'somebody',
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
