/** The document's demo, as it is written, with real pods and real requests through the VirtualService; on any ground. */
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { CanaryApp, CanaryAppSpec } from '#doors/canaryapp/canary-app.ts'
import { image, sampleYaml } from './sample.ts'
import { Actor, type Stage } from './stage.ts'

/** @param pace changes nothing of the demo but its waits, where clocks do not run fast. */
export function demoOfTheDocument(stage: () => Stage, pace: Partial<CanaryAppSpec> = {}): void {
  test('C05–C11, C27: the sample is applied as it is written and serves /hello and /nothello', async () => {
    const app = new Actor(stage(), 'canaryapp-sample')
    const written = parse(sampleYaml) as CanaryApp
    const object = { ...written, metadata: { ...written.metadata, namespace: 'default' } }
    await app.cluster.create(kinds.canaryApp, object)
    await app.until(({ status }) => status?.successfulRelease === true)
    await app.untilRoutes(() => app.weightOf() === 0 && app.mesh !== undefined)

    await expect
      .poll(() => app.ask('/hello', 'localhost'))
      .toEqual({ status: 200, body: 'Hello! v1' })
    expect((await app.ask('/nothello', 'localhost')).status).toBe(500)
    expect(app.imageOf('primary')).toBe(image('v1'))
    expect(app.deployment('primary')?.spec.replicas).toBe(2)
    expect(app.app?.status).toMatchObject({
      successfulRelease: true,
      testRunning: false,
      trafficShift: 0,
      lastFailedTag: '',
      primaryImage: image('v1'),
      readyReplicas: 2,
    })
    const owner = { kind: 'CanaryApp', name: 'canaryapp-sample', controller: true }
    for (const kind of [kinds.service, kinds.virtualService, kinds.destinationRule]) {
      const { metadata } = await app.cluster.get<KubeObject>(kind, app.at)
      expect(metadata.ownerReferences, kind.kind).toMatchObject([owner])
    }
    expect(app.deployment('primary')?.metadata.ownerReferences).toMatchObject([owner])
  })

  test('C12–C15: a merge patch of spec.image: 10, 20, 30, 40, 50, then v2 serves, with 0 dropped', async () => {
    const app = new Actor(stage(), 'canaryapp-sample')
    const traffic = app.traffic('/hello', 20, 'localhost')
    await app.patch({ image: image('v2'), ...pace })
    await app.until(({ status }) => status?.testRunning === true)
    expect(app.imageOf('secondary')).toBe(image('v2'))
    expect(app.deployment('secondary')?.spec.replicas).toBe(1)
    await app.untilRoutes(() => app.weightOf() === 30 && app.weightOf('mesh') === 30)
    expect(app.imageOf('primary')).toBe(image('v1'))
    await app.serves(image('v2'))

    expect(app.weights.filter((weight, index) => index > 0 || weight > 0)).toEqual([
      10, 20, 30, 40, 50, 0,
    ])
    expect(app.app?.status).toMatchObject({
      successfulRelease: true,
      testRunning: false,
      trafficShift: 0,
      lastFailedTag: '',
    })
    expect(app.imageOf('primary')).toBe(image('v2'))
    expect((await app.ask('/hello', 'localhost')).body).toBe('Hello! v2')
    const { dropped, drops, versions } = await traffic.stop()
    expect([dropped, drops]).toEqual([0, []])
    expect(Object.keys(versions).sort()).toEqual(['v1', 'v2'])
  })

  test('C16, C17, C18, C20: /nothello on a new image rolls it back, and lastFailedTag names it', async () => {
    const app = new Actor(stage(), 'canaryapp-sample')
    const traffic = app.traffic('/hello', 20, 'localhost')
    await app.patch({ image: image('v3') })
    await app.until(({ status }) => status?.trafficShift === 10)
    const failing = app.traffic('/nothello', 20, 'localhost')
    await app.until(({ status }) => status?.lastFailedTag === image('v3'))
    await failing.stop()
    await app.serves(image('v2'))

    expect(app.app?.status).toMatchObject({
      successfulRelease: false,
      testRunning: false,
      trafficShift: 0,
      lastFailedTag: image('v3'),
      lastFailedImage: image('v3'),
      failedImages: [{ image: image('v3'), reason: 'AnalysisFailed' }],
    })
    expect(app.imageOf('primary')).toBe(image('v2'))
    expect(app.weightOf()).toBe(0)
    expect((await app.ask('/hello', 'localhost')).body).toBe('Hello! v2')
    const { dropped, drops } = await traffic.stop()
    expect([dropped, drops]).toEqual([0, []])

    const conditions = Object.fromEntries(
      (app.app?.status?.conditions ?? []).map(({ type, status }) => [type, status]),
    )
    expect(conditions).toMatchObject({ Ready: 'False', Progressing: 'False', Degraded: 'True' })
  })

  test('weakness 6: every turn of it is told as an Event', async () => {
    const app = new Actor(stage(), 'canaryapp-sample')
    const told = async (): Promise<ReadonlySet<string>> => {
      const { items } = await app.cluster.list<
        KubeObject & { reason?: string; regarding?: { name?: string } }
      >(kinds.event, { namespace: 'default' })
      const own = items.filter(({ regarding }) => regarding?.name === app.name)
      return new Set(own.map(({ reason = '' }) => reason))
    }
    const wanted = [
      'Installed',
      'TestStarted',
      'TrafficShifted',
      'Promoted',
      'RollingBack',
      'RolledBack',
    ]
    await expect
      .poll(async () => {
        const reasons = await told()
        return wanted.filter((reason) => !reasons.has(reason))
      })
      .toEqual([])
  })

  test('C29, weakness 8: deleted, everything of it goes', async () => {
    const app = new Actor(stage(), 'canaryapp-sample')
    await app.cluster.remove(kinds.canaryApp, app.at)
    await app.untilDeployments(() => app.deployment('primary') === undefined)
    await app.untilRoutes(() => app.route === undefined && app.mesh === undefined)
    expect(app.app).toBeUndefined()
  })
}
