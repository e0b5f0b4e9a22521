/** Annotations that are commands. They say nothing of whom and what they mean: the engine binds them to what it sees. */
import { readAction } from '#core/api/action.ts'
import type { ActionAsked } from '#core/model/app.ts'
import type { Notebook } from '#core/model/notebook.ts'
import { stable } from '#core/model/weights.ts'
import { variantB } from './ab-testing.ts'
import { concludeAnnotation, type Rollout, strategyOf } from './rollout.ts'

type Bare = Extract<ActionAsked, { kind: 'bare' }>

/** The most urgent of those that stand on the object: the next one is read once it is taken off. */
export function readCommand(rollout: Rollout, book: Notebook | undefined): ActionAsked | undefined {
  const { annotations = {} } = rollout.metadata
  const bound = readAction(annotations)
  if (bound !== undefined) return bound
  const isAb = strategyOf(rollout.spec) === 'ab-testing'
  const said = (annotation: string, verb: Bare['verb']): Bare | undefined => {
    const text = annotations[annotation]
    return text === undefined ? undefined : { kind: 'bare', annotation, text, verb, by: annotation }
  }
  const told = (annotation: string, verb: Bare['verb']): Bare | undefined =>
    annotations[annotation] === 'true' ? said(annotation, verb) : undefined
  const pausing = annotations['kulta.io/pause']
  return (
    told('kulta.io/abort', 'abort') ??
    told('kulta.io/pause', 'pause') ??
    (pausing === 'false' ? said('kulta.io/pause', 'resume') : undefined) ??
    (isAb ? said(concludeAnnotation, 'conclude') : undefined) ??
    told('kulta.io/retry', 'retry') ??
    promotion(isAb ? said : told, isAb, book)
  )
}

/**
 * Both keys are taken. An experiment is promoted once it is concluded, by any value, and B by its name even where nobody
 * won; before that nothing waits for a promotion.
 */
function promotion(
  find: (annotation: string, verb: Bare['verb']) => Bare | undefined,
  isAb: boolean,
  book: Notebook | undefined,
): Bare | undefined {
  const found = find('kulta.io/promote', 'promote') ?? find('rollouts.kulta.io/promote', 'promote')
  if (found === undefined || !isAb) return found
  if (book?.concluded?.open !== true) return { ...found, candidate: stable }
  // What nobody won is on its way home: the promotion is read once it is there, and may name B then.
  if (book.trials.some(({ stage }) => stage.kind === 'retreating')) return undefined
  const namesB = /^(b|variant-?b)$/i.test(found.text.trim())
  return namesB ? { ...found, candidate: variantB } : found
}
