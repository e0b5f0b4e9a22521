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

const rows: readonly (readonly [Strategy, string, ReleaseWorkloads])[] = [
  ['blueGreen', 'gateway-api', {}],
  ['blueGreen', 'nginx', byRole],
  ['blueGreen', 'service', { kind: 'Deployment' }],
  ['rolling', 'service', {}],
  ['rolling', 'nginx', { kind: 'Deployment' }],
]

const strategies: Readonly<Record<string, ReleaseSpec['strategy']>> = {
  blueGreen: { blueGreen: { autoPromoteAfter: '500ms', scaleDownDelay: '0s' } },
  rolling: { rolling: { maxSurge: 1 } },
}

test.each(rows)(
  '%s by %s: a good and a bad release, 0 dropped',
  async (strategy, router, workloads) => {
    const name = `${strategy}-${router}`.toLowerCase()
    const { objects, host } = routeCases[router] as RouteCase
    for (const [kind, object] of objects(name)) await stage().local.cluster.create(kind, object)
    const actor = new Actor(stage(), name)
    await actor.installRelease('v1', {
      replicas: 3,
      workloads,
      services: {
        stable: `${name}-stable`,
        ...(strategy === 'rolling' ? {} : { candidate: `${name}-canary` }),
      },
      traffic: router === 'service' ? { router } : { router, route: name, settle: '200ms' },
      strategy: strategies[strategy] as ReleaseSpec['strategy'],
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

    await actor.ask('v2')
    await actor.until(({ status }) => status?.stable?.revision !== first)
    await actor.comesTo('Completed')
    const second = actor.release?.status?.stable?.revision

    await actor.ask('v3-neverready')
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
