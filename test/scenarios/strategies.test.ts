/**
 * Strategies over routers and topologies with real pods and steady traffic: a good release comes to its end, a bad one is
 * turned back, and nobody is dropped. All combinations are in matrix.test.ts; canaries in routers and topologies.
 */
import { expect, test } from 'vitest'
import type { ReleaseSpec } from '#core/api/release.ts'
import type { ReleaseWorkloads } from '#core/api/workloads.ts'
import type { Strategy } from '#core/model/app.ts'
import { systemClock } from '#kube/system.ts'
import { startTraffic } from '#local/traffic/traffic.ts'
import { type RouteCase, routeCases } from './routes.ts'
import { Actor, sharedStage } from './stage.ts'

const stage = sharedStage()

const byRole = { naming: 'role', kind: 'Deployment' } as const

const handover = { naming: 'role', kind: 'ReplicaSet', promotion: 'handover' } as const

const rows: readonly (readonly [Strategy, string, ReleaseWorkloads])[] = [
  ['blueGreen', 'gateway-api', {}],
  ['blueGreen', 'nginx', byRole],
  ['blueGreen', 'service', { kind: 'Deployment' }],
  ['rolling', 'service', {}],
  ['rolling', 'nginx', { kind: 'Deployment' }],
  ['commanded', 'gateway-api', {}],
  ['commanded', 'nginx', handover],
  ['experiment', 'istio', {}],
  ['experiment', 'gateway-api', byRole],
  // Nobody is sent anywhere: who asks the stable Service is always answered.
  ['canary', 'none', handover],
  ['canary', 'none', byRole],
]

type Way = {
  readonly strategy: (actor: Actor) => ReleaseSpec['strategy']
  /** Services of candidates that have one. */
  readonly services: (name: string) => Partial<ReleaseSpec['services']>
  /** Asks for a version, and sees it through as far as somebody has to. */
  readonly ask: (actor: Actor, version: string, serving: string) => Promise<void>
}

const theOne = (name: string) => ({ candidate: `${name}-canary` })
const named = (name: string) => ({ candidates: { b: `${name}-canary` } })
const byTemplate: Way['ask'] = (actor, version) => actor.ask(version)
let words = 0

/** Word by word: some traffic, more, and all of it. A version that does not come up is turned back at the first one. */
const byCommand: Way['ask'] = async (actor, version) => {
  const say = async (weight: number, promote = false): Promise<void> => {
    words += 1
    const template = actor.template(version)
    const candidates = [{ name: 'b', template, version: words, weight, promote }]
    await actor.change({ strategy: { commanded: { candidates } } })
    await actor.until(
      ({ status }) =>
        promote ||
        (status?.failed ?? []).length > 0 ||
        (status?.trials?.[0]?.command?.version === words &&
          status.reason?.type === 'WaitingForCommand'),
    )
  }
  await say(30)
  if ((actor.release?.status?.failed ?? []).length > 0) return
  await say(70)
  await say(70, true)
}

/** Beside a stable that stays what it is, until somebody concludes in its favour. */
const byConclusion: Way['ask'] = async (actor, version, serving) => {
  const candidates = [{ name: 'b', template: actor.template(version), weight: 50 }]
  const experiment = { candidates, onConclusion: 'promote', conclude: null as never } as const
  await actor.change({ template: actor.template(serving), strategy: { experiment } })
  await actor.until(
    ({ status }) =>
      (status?.failed ?? []).length > 0 || status?.reason?.type === 'WaitingForJudgement',
  )
  if ((actor.release?.status?.failed ?? []).length > 0) return
  const conclude = { winner: 'b' }
  await actor.change({ strategy: { experiment: { ...experiment, conclude } } })
}

const ways: Readonly<Record<Strategy, Way | undefined>> = {
  canary: {
    strategy: () => ({ canary: { steps: [{ weight: 50 }, { pause: '300ms' }] } }),
    services: theOne,
    ask: byTemplate,
  },
  blueGreen: {
    strategy: () => ({ blueGreen: { autoPromoteAfter: '500ms', scaleDownDelay: '0s' } }),
    services: theOne,
    ask: byTemplate,
  },
  rolling: {
    strategy: () => ({ rolling: { maxSurge: 1 } }),
    services: () => ({}),
    ask: byTemplate,
  },
  commanded: {
    // Its Service has a place in the route from the beginning.
    strategy: (actor) => ({
      commanded: {
        candidates: [{ name: 'b', template: actor.template('v1'), version: 0, weight: 0 }],
      },
    }),
    services: named,
    ask: byCommand,
  },
  experiment: {
    // Beside stable stands the same: there is nothing to compare yet.
    strategy: (actor) => ({
      experiment: { candidates: [{ name: 'b', template: actor.template('v1'), weight: 50 }] },
    }),
    services: named,
    ask: byConclusion,
  },
}

test.each(rows)(
  '%s by %s: a good and a bad release, 0 dropped',
  async (strategy, router, workloads) => {
    const name = `${strategy}-${router}-${workloads.kind ?? 'set'}`.toLowerCase()
    const alone = router === 'service' || router === 'none'
    const { objects, host } = (routeCases[router] ?? routeCases['service']) as RouteCase
    for (const [kind, object] of objects(name)) await stage().local.cluster.create(kind, object)
    const way = ways[strategy] as Way
    const actor = new Actor(stage(), name)
    await actor.installRelease('v1', {
      replicas: 3,
      workloads,
      services: { stable: `${name}-stable`, ...way.services(name) },
      traffic: alone ? { router } : { router, route: name, settle: '200ms' },
      strategy: way.strategy(actor),
      progressDeadline: '4s',
    })
    await actor.comesTo('Completed')
    const traffic = startTraffic({
      url: `${stage().local.gateway.url}/hello`,
      host: host(name),
      perSecond: 40,
      clock: systemClock(),
    })
    const first = actor.release?.status?.stable?.revision

    await way.ask(actor, 'v2', 'v1')
    await actor.until(({ status }) => status?.stable?.revision !== first)
    await actor.comesTo('Completed')
    const second = actor.release?.status?.stable?.revision

    await way.ask(actor, 'v3-neverready', 'v2')
    await actor.until(({ status }) => (status?.failed ?? []).length > 0)
    await actor.until(({ status }) => (status?.trials ?? []).length === 0)
    expect(actor.release?.status?.failed?.[0]?.reason).toBe('ProgressDeadlineExceeded')
    expect(actor.release?.status?.stable?.revision).toBe(second)

    const { dropped, drops, versions } = await traffic.stop()
    expect([dropped, drops]).toEqual([0, []])
    expect(Object.keys(versions).sort()).toEqual(['v1', 'v2'])
  },
  60_000,
)
