/** An action on its way: what it would do, asked of the server first; then done, bound to what was looked at. */
import { signal } from '@preact/signals'
import type {
  ActionAnswer,
  ActionPreview,
  ActionRequest,
  ActionVerb,
  ActionView,
  ReleaseId,
} from '../../wire.ts'
import { tell } from './announce.ts'
import { headers, refused, sentenceOf } from './session.ts'

export type Asked = {
  readonly id: ReleaseId
  readonly action: Pick<ActionView, 'verb' | 'candidate'>
}

export type Acting = Asked &
  (
    | { readonly stage: 'asking' }
    | { readonly stage: 'shown' | 'doing'; readonly preview: ActionPreview }
    /** `preview` is missing where it was already the preview that was refused. */
    | {
        readonly stage: 'refused'
        readonly preview: ActionPreview | undefined
        readonly why: string
      }
  )

export const acting = signal<Acting | undefined>(undefined)

export const verbWords: Readonly<Record<ActionVerb, string>> = {
  promote: 'Promote',
  'promote-full': 'Promote fully',
  pause: 'Pause',
  resume: 'Resume',
  abort: 'Abort',
  retry: 'Retry',
  undo: 'Undo',
  restart: 'Restart',
}

/** Opens the dialog with what would happen; also looks again, where the release has moved on meanwhile. */
export async function ask(asked: Asked): Promise<void> {
  const { id, action } = asked
  const mine: Acting = { id, action, stage: 'asking' }
  acting.value = mine
  const { candidate } = action
  const query = candidate === undefined ? '' : `?${new URLSearchParams({ candidate }).toString()}`
  const told = await call<ActionPreview>(`${pathOf(asked)}${query}`, {})
  // Closed, or another one opened, before the answer came.
  if (acting.value !== mine) return
  acting.value =
    typeof told === 'string'
      ? { id, action, stage: 'refused', preview: undefined, why: told }
      : { id, action, stage: 'shown', preview: told }
}

export async function confirm(): Promise<void> {
  const shown = acting.value
  if (shown?.stage !== 'shown') return
  const { id, action, preview } = shown
  const mine: Acting = { id, action, stage: 'doing', preview }
  acting.value = mine
  const { candidate } = action
  const body: ActionRequest = {
    revision: preview.revision,
    ...(preview.step === undefined ? {} : { step: preview.step }),
    ...(candidate === undefined ? {} : { candidate }),
  }
  const answer = await call<ActionAnswer>(pathOf(shown), {
    method: 'POST',
    body: JSON.stringify(body),
  })
  const why =
    typeof answer === 'string' ? answer : answer.outcome === 'refused' ? answer.message : undefined
  const open = acting.value === mine
  if (why !== undefined) {
    // The word was given: its answer is told, even to who closed the dialog meanwhile.
    if (open) acting.value = { id, action, stage: 'refused', preview, why }
    else tell(`${id.name}: ${why}`, 'bad')
    return
  }
  if (open) acting.value = undefined
  if (typeof answer !== 'string') tell(`${id.name}: ${answer.message}`)
}

export function dismiss(): void {
  acting.value = undefined
}

function pathOf({ id, action }: Asked): string {
  const { door, namespace, name } = id
  const release = [door, namespace, name].map(encodeURIComponent).join('/')
  return `/api/v1/releases/${release}/actions/${action.verb}`
}

/** The answer, or the sentence in place of it. */
async function call<T extends object>(path: string, init: RequestInit): Promise<T | string> {
  try {
    const type = init.body === undefined ? {} : { 'content-type': 'application/json' }
    const answer = await fetch(path, { ...init, headers: { ...headers(), ...type } })
    if (answer.ok) return (await answer.json()) as T
    const sentence = await sentenceOf(answer)
    if (answer.status === 401) refused(sentence)
    return sentence
  } catch {
    return 'The server cannot be reached; whether it heard this is shown in the record of decisions.'
  }
}
