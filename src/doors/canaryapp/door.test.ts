/** What the door remembers: images that failed, and where the original stood before it. */
import { describe, expect, test } from 'vitest'
import { decide } from '#core/decide.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { ReleaseEvent } from '#core/model/event.ts'
import { emptyMemo } from '#core/model/notebook.ts'
import { labels } from '#core/render/names.ts'
import {
  appOf,
  at,
  image,
  noLookup,
  revisionOf,
  sample,
  serving,
} from '#test/doors/canaryapp/sample.ts'
import type { CanaryApp } from './canary-app.ts'
import { canaryAppDoor } from './door.ts'
import { canaryAppStatus } from './project.ts'
import { canaryAppVocabulary } from './vocabulary.ts'

const bookOf = (object: CanaryApp, lookup = noLookup) => canaryAppDoor.notebook(object, lookup)

describe('C17: an image that failed', () => {
  const v1 = sample()
  const failed = canaryAppStatus(
    sample({ image: image('v2') }),
    serving(v1, {
      failed: [
        {
          role: 'secondary',
          revision: revisionOf(v1, 'v2'),
          reason: 'AnalysisFailed',
          message: 'm',
          at,
        },
      ],
    }),
    appOf(sample({ image: image('v2') })),
  )
  const status = { ...failed, images: { [revisionOf(v1, 'v1')]: image('v1'), ...failed.images } }
  const asking = (tag: string, spec = {}): CanaryApp =>
    sample({ image: image(tag), ...spec }, { status })

  const rows = [
    ['is not tested while it is asked for', asking('v2'), [image('v2')]],
    ['nor with other replicas or another query', asking('v2', { replicas: 5 }), [image('v2')]],
    ['nor with another template', asking('v2', { imageListenPort: 9 }), [image('v2')]],
    ['says nothing of another one', asking('v3'), []],
    ['says nothing of the one that serves', asking('v1'), []],
  ] as const
  for (const [name, object, images] of rows)
    test(name, () => {
      const { failed: found = [] } = bookOf(object) ?? {}
      const own = found.filter(({ revision }) => revision === appOf(object).written)
      expect(own.map(() => object.spec.image)).toEqual(images)
    })

  test('also where only the original wrote it down', () => {
    const { failedImages: _list, ...old } = status
    const object = sample({ image: image('v2') }, { status: old })
    expect(bookOf(object)?.failed).toHaveLength(1)
  })

  test('is tried again when somebody says so, by an annotation', () => {
    const object = sample({}, { metadata: { annotations: { 'canary.atze.io/retry': 'true' } } })
    expect(appOf(object).action).toMatchObject({ kind: 'bare', verb: 'retry', text: 'true' })
  })
})

const uid = 'uid-1'

/** A Deployment as the original made it. */
function deployment(service: 'primary' | 'secondary', tag: string, more: object = {}): KubeObject {
  const name = `canaryapp-sample-${service}`
  const own = { app: 'canaryapp-sample', owner: 'canaryop', service }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${service}`,
      resourceVersion: '41',
      creationTimestamp: '2026-11-21T03:30:00Z',
      ownerReferences: [
        {
          apiVersion: 'canary.atze.io/v1',
          kind: 'CanaryApp',
          name: 'canaryapp-sample',
          uid,
          controller: true,
        },
      ],
      ...more,
    },
    spec: {
      replicas: 2,
      selector: { matchLabels: own },
      template: {
        metadata: { labels: own },
        spec: {
          containers: [
            { name: 'canaryapp-sample', image: image(tag), ports: [{ containerPort: 8088 }] },
          ],
        },
      },
    },
  } as KubeObject
}

const found =
  (...objects: readonly KubeObject[]) =>
  ({ name }: { readonly name: string }) =>
    objects.find(({ metadata }) => metadata.name === name)

describe('what the original left', () => {
  const midTest = sample(
    { image: image('v2') },
    {
      status: {
        successfulRelease: true,
        testRunning: true,
        trafficShift: 30,
        lastFailedTag: '',
        lastTrafficShift: '2026-11-21T03:59:00Z',
      },
    },
  )
  const both = found(deployment('primary', 'v1'), deployment('secondary', 'v2'))

  test('a test at 30 goes on where it stood', () => {
    const book = bookOf(midTest, both)
    expect(book).toMatchObject({
      stable: revisionOf(midTest, 'v1'),
      trials: [
        {
          revision: revisionOf(midTest, 'v2'),
          stage: { kind: 'steps' },
          step: 7,
          stepStartedAt: Date.UTC(2026, 10, 21, 3, 59),
        },
      ],
    })
    const app = appOf(midTest, both)
    expect(app.plan.candidates[0]?.steps.slice(6, 8)).toMatchObject([
      { kind: 'weight', weight: 30 },
      { kind: 'analysis' },
    ])
    expect(canaryAppStatus(midTest, book as never, app)).toMatchObject({
      trafficShift: 30,
      testRunning: true,
      primaryImage: image('v1'),
      testedImage: image('v2'),
    })
  })

  test('its Deployments become ours by labels alone, and nothing else of them is written', () => {
    const app = appOf(midTest, both)
    expect(app.takeOver?.map(({ role, name, revision }) => [role, name, revision])).toEqual([
      ['stable', 'canaryapp-sample-primary', revisionOf(midTest, 'v1')],
      ['secondary', 'canaryapp-sample-secondary', revisionOf(midTest, 'v2')],
    ])
    const decision = decide(
      {
        app,
        notebook: bookOf(midTest, both),
        memo: emptyMemo,
        workloads: [],
        services: {},
        endpoints: {},
        routes: {},
        rivals: [],
        members: [],
        answers: [],
        replies: [],
        pods: {},
        remembered: [],
        readBacks: [],
        refusals: [],
      },
      at,
    )
    const writes = decision.writes.filter(
      (write) => write.kind !== 'create' && write.ref.kind === 'Deployment',
    )
    expect(writes).toHaveLength(2)
    for (const write of writes)
      expect(write.kind === 'patch' ? write.patch.map(({ path }) => path) : []).toEqual([
        '/metadata/uid',
        '/metadata/resourceVersion',
        '/metadata/labels',
        '/metadata/annotations',
      ])
    expect(
      decision.writes.some(
        (write) => write.kind === 'create' && write.object.kind === 'Deployment',
      ),
    ).toBe(false)
  })

  test('once they bear our labels they are taken over no more', () => {
    const own = { labels: { [labels.release]: 'canaryapp-sample', [labels.revision]: 'abc' } }
    const lookup = found(deployment('primary', 'v1', own))
    expect(appOf(midTest, lookup).takeOver).toBeUndefined()
    expect(bookOf(midTest, lookup)?.stable).toBe('abc')
  })

  test('CD04: an image changed meanwhile is another one than the one on trial', () => {
    const changed = { ...midTest, spec: { ...midTest.spec, image: image('v3') } }
    const book = bookOf(changed, both)
    expect(book?.trials[0]?.revision).toBe(revisionOf(midTest, 'v2'))
    expect(appOf(changed, both).written).toBe(revisionOf(midTest, 'v3'))
  })

  test('weakness 3: a test without lastTrafficShift began no earlier than its pods', () => {
    const { lastTrafficShift: _none, ...status } = midTest.status ?? ({} as never)
    const book = bookOf({ ...midTest, status: status as never }, both)
    expect(book?.trials[0]?.stepStartedAt).toBe(Date.UTC(2026, 10, 21, 3, 30))
  })

  test('nothing there is a first install', () => {
    expect(bookOf(sample())).toBeUndefined()
    expect(appOf(sample()).takeOver).toBeUndefined()
  })
})

describe('weakness 6: events speak of images', () => {
  const app = appOf(sample({ image: image('v2') }))
  const book = serving(sample())
  const event = (changes: Partial<ReleaseEvent>): ReleaseEvent => ({
    id: 'x',
    at,
    action: 'Start',
    reason: 'StepCompleted',
    message: 'why',
    revision: 'abc',
    role: 'secondary',
    step: undefined,
    by: undefined,
    image: 'app:v2',
    ...changes,
  })
  const rows = [
    [event({}), 'Normal', 'TestStarted', /app:v2 is tested/],
    [event({ action: 'StepAdvance', step: 2 }), 'Normal', 'TrafficShifted', /^10 %/],
    [event({ action: 'Complete' }), 'Normal', 'Promoted', /passed its test/],
    [event({ action: 'Complete', role: undefined }), 'Normal', 'Installed', /the first/],
    [event({ action: 'Retreat', reason: 'AnalysisFailed' }), 'Warning', 'RollingBack', /failed/],
    [event({ action: 'Return', reason: 'AnalysisFailed' }), 'Warning', 'RolledBack', /no traffic/],
    [event({ action: 'Retreat', reason: 'ReturnedToStable' }), 'Normal', 'TestAborted', /ends/],
    [event({ action: 'Return', reason: 'Superseded' }), 'Normal', 'TestEnded', /no traffic/],
    [event({ action: 'Pause', reason: 'Paused' }), 'Normal', 'Paused', /why/],
  ] as const
  for (const [given, type, reason, note] of rows)
    test(`${given.action} for ${given.reason} is ${reason}`, () => {
      const { kubernetes } = canaryAppVocabulary(given, app, book, sample())
      expect(kubernetes).toMatchObject([{ type, reason }])
      expect(kubernetes[0]?.note).toMatch(note)
    })

  test('and where the engine speaks of a revision, its image is named', () => {
    const object = sample({}, { status: { images: { abc: 'app:v1' } } })
    const message = 'all traffic is at revision abc again'
    const back = event({ action: 'Return', reason: 'AnalysisFailed', message })
    expect(canaryAppVocabulary(back, app, book, object).kubernetes[0]?.note).toContain(
      'all traffic is at app:v1 again',
    )
  })

  test('steps that shift nothing are told nobody', () => {
    const { kubernetes } = canaryAppVocabulary(
      event({ action: 'StepAdvance', step: 1 }),
      app,
      book,
      sample(),
    )
    expect(kubernetes).toEqual([])
  })
})

test('decision 18: a forgotten original stands by, since its lease is held', () => {
  expect(canaryAppDoor.lease?.name).toBe('4d29ed56.atze.io')
})
