/** The CanaryApp door's demo, Istio's own pilot telling a real Envoy where its traffic goes. */
import { describe, expect, test } from 'vitest'
import type { KubeObject } from '#core/k8s/meta.ts'
import { routers } from '#core/traffic/register.ts'
import type { CanaryApp } from '#doors/canaryapp/canary-app.ts'
import { systemClock } from '#kube/system.ts'
import { startTraffic } from '#local/traffic/traffic.ts'
import { fromOutside } from '../cluster/from-outside.ts'
import { demoOfTheDocument } from '../doors/canaryapp/demo.suite.ts'
import { appOf, image } from '../doors/canaryapp/sample.ts'
import { Actor, sharedStage } from '../doors/canaryapp/stage.ts'
import { expectShare } from '../shares.ts'
import { type IstioGround, istioGround } from './istio.ts'

const pace = { trafficShiftUpdateInterval: 5, deploymentReadyWaitTime: 2 } as const
const perSecond = 100

let istio: IstioGround

const stage = sharedStage(async () => {
  istio = await fromOutside(await istioGround())
  return istio
})

describe("the demo of the document through Istio's pilot and a real Envoy", () =>
  demoOfTheDocument(stage, pace))

/** When what was written to an object since an instant arrived at the API server. */
function writesTo(resource: string, name: string, since: number): readonly number[] {
  return istio.real
    .audit()
    .filter(
      ({ verb, objectRef, responseStatus }) =>
        ['patch', 'update'].includes(verb) &&
        objectRef?.resource === resource &&
        objectRef.name === name &&
        objectRef.subresource === undefined &&
        (responseStatus?.code ?? 500) < 300,
    )
    .map(({ requestReceivedTimestamp }) => Date.parse(requestReceivedTimestamp))
    .filter((at) => at >= since)
}

/** Since when Envoy has given the secondary the weight that the VirtualService gives it; waits until both do. */
async function followedSince(app: Actor, weight: number): Promise<number> {
  await app.untilWeight(weight)
  const secondary = `outbound|8088|secondary|${app.name}.default.svc.cluster.local`
  const since = async (): Promise<number> => {
    const splits = await istio.envoy.splits()
    return splits.find(({ weights }) => weights[secondary] === weight)?.since ?? 0
  }
  await expect.poll(since, { interval: 50, timeout: 20_000 }).toBeGreaterThan(0)
  return since()
}

/** How long the engine gives Istio to follow. */
function settleOf(app: Actor): number {
  const objects = {
    [`VirtualService/${app.name}`]: app.route as KubeObject,
    [`VirtualService/${app.name}-mesh`]: app.mesh as KubeObject,
  }
  const reading = routers['istio']?.read(appOf(app.app as CanaryApp), objects, {})
  if (reading?.kind !== 'read' || reading.acceptance.kind !== 'accepted')
    throw new Error(`the VirtualService is not as it should be: ${JSON.stringify(reading)}`)
  return reading.acceptance.settleMs
}

test('C13: Envoy follows each weight within the settle time, and shares are what we wrote', async () => {
  const app = new Actor(stage(), 'shares')
  await app.install(pace)
  await expect.poll(async () => (await app.ask('/hello')).status).toBe(200)
  const clock = systemClock()
  const answers: { readonly at: number; readonly version: string }[] = []
  const traffic = startTraffic({
    url: `${istio.gateway.url}/hello`,
    host: app.host,
    perSecond,
    heard: (version) => answers.push({ at: clock.now(), version }),
    clock,
  })
  const beginning = clock.now()
  await app.patch({ image: image('v2') })
  const weights = [10, 20, 30, 40, 50]
  const followed: number[] = []
  for (const weight of weights) followed.push(await followedSince(app, weight))
  await app.serves(image('v2'))
  const { requests, dropped, drops } = await traffic.stop()
  expect([dropped, drops]).toEqual([0, []])

  const writes = writesTo('virtualservices', app.name, beginning)
  // From then on the primary answers as v2, too.
  const [primary = 0] = writesTo('deployments', `${app.name}-primary`, beginning)
  expect(app.weights.slice(-writes.length)).toEqual([...weights, 0])
  const lines = weights.map((percent, index) => {
    const from = followed[index] ?? 0
    const until = Math.min(writes[index + 1] ?? 0, primary)
    const during = answers.filter(({ at }) => at > from + 100 && at < until)
    const got = during.filter(({ version }) => version === 'v2').length
    expectShare({ got, of: during.length, percent })
    expect(during.length).toBeGreaterThan(perSecond)
    const late = from - (writes[index] ?? 0)
    expect(late).toBeLessThan(settleOf(app))
    return `${percent} %: Envoy follows after ${late} ms, ${got} of ${during.length} requests`
  })
  for (const line of lines) console.log(`Istio: ${line}`)
  console.log(`Istio: ${requests} requests, 0 dropped`)
})
