/** The engine's notebook as a CanaryApp's status: the original's fields, and what they could not say. */
import { statusOf } from '#core/api/status.ts'
import type { Condition } from '#core/k8s/meta.ts'
import type { App } from '#core/model/app.ts'
import type { Notebook, Trial } from '#core/model/notebook.ts'
import { stable } from '#core/model/weights.ts'
import { positionAt } from '#core/steps/step.ts'
import { formatInstant, type Instant } from '#core/time.ts'
import {
  type CanaryApp,
  type CanaryAppStatus,
  imageIn,
  secondary,
  withImages,
} from './canary-app.ts'
import { failedImages, failuresAfter } from './failures.ts'
import { stepsOf, weightsOf } from './plan.ts'

/** `app` is undefined where the object could not be understood: then its images are those on record. */
export function canaryAppStatus(
  object: CanaryApp,
  book: Notebook,
  app: App | undefined,
): CanaryAppStatus {
  const before = object.status
  const trial = book.trials.find(({ role }) => role === secondary)
  const images = imagesAfter(object, book, app)
  const list = failuresAfter(failedImages(before), {
    book,
    images,
    succeeded: hasSucceeded(before, book),
    retried: isRetried(before, book) ? object.spec.image : undefined,
  })
  const failed = list.at(-1)?.image ?? ''
  const shift = app === undefined ? (before?.trafficShift ?? 0) : shiftOf(object, trial)
  const shiftedAt = shift > 0 && shift !== before?.trafficShift ? trial?.stepStartedAt : undefined
  const own = book.roles.find(({ role }) => role === stable)
  return withoutUndefined({
    successfulRelease: isSuccessful(before, book),
    testRunning: shift > 0,
    trafficShift: shift,
    lastFailedTag: failed,
    lastFailedImage: failed === '' ? undefined : failed,
    failedImages: list.length === 0 ? undefined : list,
    lastTrafficShift: shiftedAt === undefined ? before?.lastTrafficShift : seconds(shiftedAt),
    primaryImage: book.stable === undefined ? undefined : images[book.stable],
    testedImage: trial === undefined ? undefined : images[trial.revision],
    observedGeneration: book.observedGeneration,
    phase: book.phase,
    reason: book.reason.type,
    message: withImages(book.reason.message, images),
    readyReplicas: own?.ready,
    conditions: conditionsOf(before, book, trial).map((one) => ({
      ...one,
      message: withImages(one.message, images),
    })),
    images,
    headgate: statusOf(book, app),
  })
}

type Optional<T> = { [K in keyof T]: T[K] | undefined }
function withoutUndefined(status: Optional<CanaryAppStatus>): CanaryAppStatus {
  const given = Object.entries(status).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as CanaryAppStatus
}

// metav1.Time has no fraction of a second.
function seconds(at: Instant): string {
  return formatInstant(at).replace(/\.\d+Z$/, 'Z')
}

/** Images of the revisions that the notebook speaks of. */
function imagesAfter(
  { spec, status }: CanaryApp,
  book: Notebook,
  app: App | undefined,
): Readonly<Record<string, string>> {
  const templates = Object.entries(app?.templates ?? {})
  const known: Readonly<Record<string, string>> = {
    ...(app === undefined ? {} : { [app.written]: spec.image }),
    ...Object.fromEntries(templates.map(([name, { template }]) => [name, imageIn(template)])),
    ...status?.images,
  }
  const spoken = [book.stable, ...book.trials.map(({ revision }) => revision)]
  const failed = book.failed.map(({ revision }) => revision)
  const named = [...new Set([...spoken, ...failed])].filter((name) => name !== undefined)
  return Object.fromEntries(
    named.flatMap((name) => {
      const image = Object.hasOwn(known, name) ? known[name] : undefined
      return image === undefined ? [] : [[name, image] as const]
    }),
  )
}

/** Per cent of the traffic that the image on trial has on record; during its promotion, all that it was tested with. */
function shiftOf({ spec }: CanaryApp, trial: Trial | undefined): number {
  switch (trial?.stage.kind) {
    case 'steps':
      return positionAt(stepsOf(spec), trial.step).weight
    case 'promoting':
    case 'verifying':
      return weightsOf(spec).at(-1) ?? 0
    default:
      return 0
  }
}

function hasSucceeded(before: CanaryAppStatus | undefined, { stable: now }: Notebook): boolean {
  const trusted = before?.headgate?.stable?.revision
  return trusted !== undefined && trusted !== '' && trusted !== now
}

function isRetried(before: CanaryAppStatus | undefined, { decisions }: Notebook): boolean {
  const stored = before?.headgate?.decisions ?? []
  const known = new Set(stored.map(({ at, action }) => `${at} ${action}`))
  return decisions.some(
    ({ at, action }) => action === 'Retry' && !known.has(`${formatInstant(at)} ${action}`),
  )
}

/** As the original had it: what became of the newest image that was decided on. */
function isSuccessful(before: CanaryAppStatus | undefined, book: Notebook): boolean {
  if (book.failed.length > 0) return false
  if (book.stable === undefined) return false
  return book.trials.length === 0 ? true : (before?.successfulRelease ?? true)
}

function conditionsOf(
  before: CanaryAppStatus | undefined,
  book: Notebook,
  trial: Trial | undefined,
): readonly Condition[] {
  const stalled = book.conditions.some(
    ({ type, status }) => type === 'Stalled' && status === 'True',
  )
  const busy = trial !== undefined || book.phase === 'Initializing' || book.phase === 'Retiring'
  const { type, object } = book.reason
  const lacks = type === 'RouteMissing' || type === 'RouteUnusable' || type === 'RouteRefused'
  const mesh: Said = lacks
    ? { status: 'False', reason: type, message: book.reason.message }
    : { status: 'True', reason: 'Routed', message: `${object ?? 'Istio'} splits the traffic` }
  const made: readonly (readonly [string, Said])[] = [
    ['Progressing', said(book, busy)],
    ['Degraded', said(book, stalled)],
    ['MeshReady', mesh],
  ]
  return [
    ...book.conditions,
    ...made.map(([name, one]) => {
      const known = before?.conditions?.find((condition) => condition.type === name)
      const since = known?.status === one.status ? known.lastTransitionTime : undefined
      return {
        type: name,
        ...one,
        observedGeneration: book.observedGeneration,
        lastTransitionTime: since ?? seconds(book.reason.since),
      }
    }),
  ]
}

type Said = Pick<Condition, 'status' | 'reason' | 'message'>

function said({ reason }: Notebook, holds: boolean): Said {
  return { status: holds ? 'True' : 'False', reason: reason.type, message: reason.message }
}
