/** What is told of a CanaryApp, in words that its people know: images and shares of traffic instead of revisions and steps. */
import { stepsOf } from '#core/model/app.ts'
import type { ReleaseEvent } from '#core/model/event.ts'
import {
  type KubernetesNote,
  noteOf,
  plainVocabulary,
  type Vocabulary,
} from '#core/outbox/vocabulary.ts'
import { type CanaryApp, secondary, withImages } from './canary-app.ts'

export const canaryAppVocabulary: Vocabulary = (event, app, book, object) => {
  const messages = plainVocabulary(event, app, book)
  const { status } = object as CanaryApp
  const told = { ...event, message: withImages(event.message, status?.images) }
  const note = noted(told, app)
  return { ...messages, kubernetes: note === undefined ? [] : [note] }
}

type App = Parameters<Vocabulary>[1]

function noted(event: ReleaseEvent, app: App): KubernetesNote | undefined {
  const { action, image, message } = event
  const said = (type: KubernetesNote['type'], reason: string, note: string): KubernetesNote => ({
    type,
    action,
    reason,
    note,
  })
  switch (action) {
    case 'Start':
      return said('Normal', 'TestStarted', `${image} is tested beside the image that serves`)
    case 'StepAdvance': {
      const step = stepsOf(app, secondary)[event.step ?? -1]
      if (step?.kind !== 'weight') return undefined
      return said('Normal', 'TrafficShifted', `${step.weight} % of the traffic goes to ${image}`)
    }
    case 'Complete':
      return event.role === undefined
        ? said('Normal', 'Installed', `${image} serves all traffic; it is the first`)
        : said('Normal', 'Promoted', `${image} passed its test and serves all traffic`)
    case 'Retreat':
      return isFailure(event)
        ? said('Warning', 'RollingBack', `${image} failed its test: ${message}`)
        : said('Normal', 'TestAborted', `the test of ${image} ends: ${message}`)
    case 'Return':
      return isFailure(event)
        ? said('Warning', 'RolledBack', `${image} has no traffic any more: ${message}`)
        : said('Normal', 'TestEnded', `${image} has no traffic any more: ${message}`)
    default:
      return noteOf(event)
  }
}

const peaceful: readonly string[] = ['Superseded', 'ReturnedToStable', 'Withdrawn', 'Retiring']

function isFailure({ reason }: ReleaseEvent): boolean {
  return !peaceful.includes(reason)
}
