/** KULTA's words for transitions: CDEvents over HTTP, occurrences as lines, and the plain Events of Kubernetes. */
import { type Messages, plainVocabulary, type Vocabulary } from '#core/outbox/vocabulary.ts'
import { type CdEventSettings, cdEvent, plainCdEvents } from './cdevents.ts'
import { occurrence } from './occurrences.ts'
import type { Rollout } from './rollout.ts'
import { transitionsOf } from './transitions.ts'

export type Speaking = {
  readonly cdEvents?: CdEventSettings
  /** Name of the cluster, for occurrences. */
  readonly cluster?: string
}

export function kultaVocabulary({ cdEvents = plainCdEvents, cluster }: Speaking): Vocabulary {
  return (event, app, book, object): Messages => {
    const rollout = object as Rollout
    const about = { rollout, app, book }
    const found = transitionsOf(event, rollout, app)
    return {
      kubernetes: plainVocabulary(event, app).kubernetes,
      http: found.flatMap((transition) => {
        const { told } = transition
        return told === undefined ? [] : [cdEvent(event, told, transition, about, cdEvents)]
      }),
      file: found.map((transition) => occurrence(event, transition, about, cluster)),
    }
  }
}
