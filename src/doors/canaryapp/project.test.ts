/** The engine's notebook in the words of a CanaryApp's status. */
import { describe, expect, test } from 'vitest'
import { statusOf } from '#core/api/status.ts'
import type { Failure, Notebook } from '#core/model/notebook.ts'
import {
  appOf,
  at,
  image,
  revisionOf,
  sample,
  serving,
  trial,
} from '#test/doors/canaryapp/sample.ts'
import { type CanaryApp, type CanaryAppStatus, secondary } from './canary-app.ts'
import { canaryAppStatus } from './project.ts'

/** The status after a notebook, of an object that asks for v2 and whose status was another one. */
function after(book: Notebook, before?: Partial<CanaryAppStatus>, spec = {}): CanaryAppStatus {
  const object = sample(
    { image: image('v2'), ...spec },
    before === undefined ? {} : { status: before },
  )
  return canaryAppStatus(object, book, appOf(object))
}

const object = sample()
const v1 = revisionOf(object, 'v1')
const v2 = revisionOf(object, 'v2')

/** A status in which v1 serves. */
function stored(book: Notebook, more: Partial<CanaryAppStatus> = {}): CanaryAppStatus {
  return {
    successfulRelease: true,
    testRunning: false,
    trafficShift: 0,
    lastFailedTag: '',
    images: { [v1]: image('v1') },
    headgate: statusOf(book, appOf(object)),
    ...more,
  }
}

const atRest = stored(serving(object))
const onTrial = (step: number, changes = {}): Notebook =>
  serving(object, { trials: [trial(object, { step, stepStartedAt: at + 1500, ...changes })] })

const failure: Failure = {
  role: secondary,
  revision: v2,
  reason: 'AnalysisFailed',
  message: '1 bad sample',
  at: at + 5000,
}
const failed = serving(object, { phase: 'Failed', failed: [failure] })

describe('C04, C12, C13: the fields of the document', () => {
  const rows = [
    ['nothing is there', serving(object, { stable: undefined }), [false, false, 0]],
    ['CD11: the first image serves', serving(object), [true, false, 0]],
    ['pods are coming', onTrial(0), [true, false, 0]],
    ['pods are left alone', onTrial(1), [true, false, 0]],
    ['the first shift is on record', onTrial(2), [true, true, 10]],
    ['it is looked at', onTrial(3), [true, true, 10]],
    ['the third shift', onTrial(6), [true, true, 30]],
    ['the last one', onTrial(11), [true, true, 50]],
    ['C15: it is promoted', onTrial(12, { stage: { kind: 'promoting' } }), [true, true, 50]],
    [
      'C16: it goes back',
      {
        ...onTrial(5, { stage: { kind: 'retreating', why: failure, outcome: 'failed' } }),
        failed: [failure],
      },
      [false, false, 0],
    ],
    ['C16: it went back', failed, [false, false, 0]],
  ] as const satisfies readonly (readonly [string, Notebook, readonly unknown[]])[]
  for (const [name, book, expected] of rows)
    test(name, () => {
      const { successfulRelease, testRunning, trafficShift } = after(
        book,
        book.stable === undefined ? undefined : atRest,
      )
      expect([successfulRelease, testRunning, trafficShift]).toEqual(expected)
    })

  test('lastTrafficShift is when the present share began, in whole seconds, and stays', () => {
    const first = after(onTrial(2), atRest)
    expect(first.lastTrafficShift).toBe('2026-11-21T04:00:01Z')
    const later = after(onTrial(3, { stepStartedAt: at + 9000 }), first)
    expect(later.lastTrafficShift).toBe('2026-11-21T04:00:01Z')
    expect(after(failed, later).lastTrafficShift).toBe('2026-11-21T04:00:01Z')
  })

  test('sentences speak of images, not of revisions', () => {
    const reason = {
      type: 'Serving',
      message: `revision ${v1} serves all traffic`,
      object: undefined,
      since: at,
      next: undefined,
    } as const
    const { message, conditions } = after(serving(object, { reason }), atRest)
    expect(message).toBe(`${image('v1')} serves all traffic`)
    expect(conditions?.find(({ type }) => type === 'Progressing')?.message).toBe(message)
  })

  test('images are told by their names: the one that serves, and the one on trial', () => {
    expect(after(onTrial(2), atRest)).toMatchObject({
      primaryImage: image('v1'),
      testedImage: image('v2'),
    })
  })
})

describe('C16, C17, CD10, CD12: images that failed', () => {
  const first = after(failed, atRest)

  test('the last one is lastFailedTag, and lastFailedImage; all are on a list with times', () => {
    expect(first).toMatchObject({
      lastFailedTag: image('v2'),
      lastFailedImage: image('v2'),
      failedImages: [
        { image: image('v2'), at: '2026-11-21T04:00:05.000Z', reason: 'AnalysisFailed' },
      ],
    })
  })

  test('it stays while the image that serves is asked for again', () => {
    const back = canaryAppStatus(
      sample({ image: image('v1') }, { status: first }),
      serving(object),
      appOf(object),
    )
    expect([back.lastFailedTag, back.successfulRelease]).toEqual([image('v2'), true])
  })

  test('a second one comes after it', () => {
    const other = sample({ image: image('v3') }, { status: first })
    const book = serving(object, {
      failed: [{ ...failure, revision: revisionOf(object, 'v3'), at: at + 9000 }],
    })
    const { failedImages, lastFailedTag } = canaryAppStatus(other, book, appOf(other))
    expect([failedImages?.map((one) => one.image), lastFailedTag]).toEqual([
      [image('v2'), image('v3')],
      image('v3'),
    ])
  })

  test('the same one again is one entry, with its new time', () => {
    const again = after({ ...failed, failed: [{ ...failure, at: at + 9000 }] }, first)
    expect(again.failedImages?.map((one) => one.at)).toEqual(['2026-11-21T04:00:09.000Z'])
  })

  test('another image that succeeds clears the list', () => {
    const other = sample({ image: image('v3') }, { status: first })
    const book = serving(object, { stable: revisionOf(object, 'v3') })
    const cleared = canaryAppStatus(other, book, appOf(other))
    expect([cleared.lastFailedTag, cleared.failedImages, cleared.lastFailedImage]).toEqual([
      '',
      undefined,
      undefined,
    ])
  })

  test('so does a retry, for its own image alone', () => {
    const record = {
      at: at + 7000,
      action: 'Retry',
      reason: 'StepCompleted',
      message: 'retried by somebody',
      revision: v1,
      step: undefined,
      by: 'somebody',
      actionId: 'x',
    } as const
    const both = stored(failed, {
      failedImages: [
        { image: image('v0'), at: '2026-11-21T03:00:00.000Z', reason: 'Aborted', message: '' },
        ...(first.failedImages ?? []),
      ],
    })
    const retried = after(serving(object, { decisions: [record] }), both)
    expect(retried.failedImages?.map((one) => one.image)).toEqual([image('v0')])
  })

  test('at most ten are remembered', () => {
    let status: Partial<CanaryAppStatus> = atRest
    for (let number = 2; number < 20; number += 1) {
      const tag = `v${number}`
      const asked = sample({ image: image(tag) }, { status })
      const book = serving(object, {
        failed: [{ ...failure, revision: revisionOf(object, tag), at: at + number }],
      })
      status = canaryAppStatus(asked, book, appOf(asked))
    }
    expect(status.failedImages?.map((one) => one.image).slice(-1)).toEqual([image('v19')])
    expect(status.failedImages).toHaveLength(10)
  })
})

describe('CD11, weakness 6: conditions', () => {
  const conditionsOf = (status: CanaryAppStatus): Record<string, string> =>
    Object.fromEntries((status.conditions ?? []).map((one) => [one.type, one.status]))
  const stalled = {
    type: 'Stalled',
    status: 'True',
    reason: 'AnalysisFailed',
    message: '',
    lastTransitionTime: '2026-11-21T04:00:05Z',
  } as const

  test('a test under way is Progressing, a failed one Degraded', () => {
    expect(conditionsOf(after(onTrial(3), atRest))).toMatchObject({
      Progressing: 'True',
      Degraded: 'False',
      MeshReady: 'True',
    })
    expect(conditionsOf(after({ ...failed, conditions: [stalled] }, atRest))).toMatchObject({
      Progressing: 'False',
      Degraded: 'True',
    })
  })

  test('weakness 4: MeshReady says what is missing', () => {
    const reason = {
      type: 'RouteMissing',
      message: 'VirtualService canaryapp-sample: the cluster does not serve networking.istio.io',
      object: undefined,
      since: at,
      next: undefined,
    } as const
    const { conditions } = after(serving(object, { reason }), atRest)
    expect(conditions?.find(({ type }) => type === 'MeshReady')).toMatchObject({
      status: 'False',
      reason: 'RouteMissing',
      message: reason.message,
    })
  })

  test('the time of a condition is that of its last change', () => {
    const first = after(onTrial(3), atRest)
    const reason = { ...serving(object).reason, since: at + 60_000 }
    const second = after({ ...onTrial(4), reason }, first)
    const timeOf = ({ conditions }: CanaryAppStatus) =>
      conditions?.find(({ type }) => type === 'Progressing')?.lastTransitionTime
    expect(timeOf(second)).toBe(timeOf(first))
  })
})

test('of what cannot be read, what is on record stays', () => {
  const status = stored(onTrial(3), {
    trafficShift: 10,
    images: { [v1]: image('v1'), [v2]: image('v2') },
  })
  const broken = { ...sample({}, { status }), spec: {} } as unknown as CanaryApp
  expect(canaryAppStatus(broken, onTrial(3), undefined)).toMatchObject({
    trafficShift: 10,
    primaryImage: image('v1'),
    testedImage: image('v2'),
  })
})
