/**
 * Releases under load through a gateway that is not ours, on a real control plane: promotions by selector, by handover and by
 * replace, aborts, and a controller killed midway. Says how long the gateway's data plane took to follow what we wrote.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ReleaseWorkloads } from '#core/api/workloads.ts'
import { systemClock } from '#kube/system.ts'
import type { AuditLine } from '../../src/cli/local/control-plane.ts'
import { type RouteCase, routeCases } from '../scenarios/routes.ts'
import { Actor, openStage, type Stage } from '../scenarios/stage.ts'
import { type ControllerProcess, startControllerProcess } from './controller-process.ts'
import { type InsideTraffic, trafficInside } from './gateway-traffic.ts'
import type { RealGround } from './ground.ts'
import type { TrafficReport } from './traffic-inside.ts'

/** Of each release, while versions change. */
const wanted = 20_000
const perSecond = 250

const ways = [
  ['selector', {}],
  ['handover', { naming: 'role', kind: 'ReplicaSet' }],
  ['replace', { naming: 'role', kind: 'Deployment' }],
] as const satisfies readonly (readonly [string, ReleaseWorkloads])[]

/** When a version was asked for: what is written to the route from then on sends it traffic. */
type Asked = { readonly name: string; readonly version: string; readonly at: number }

let real: RealGround
let stage: Stage
let controller: ControllerProcess
let asked: Asked[]

/** Which object splits the traffic: of whom it is written, as the audit log calls it. */
const written = {
  'gateway-api': 'httproutes',
  nginx: 'ingresses',
  istio: 'virtualservices',
} as const
type Router = keyof typeof written
let router: Router
/** Of releases; undefined is the router's own. */
let settle: string | undefined

export type LoadOptions = {
  readonly router?: Router
  readonly settle?: string
}

/** The scenario as a test of the file that calls this, once in a file. */
export function underLoad(
  gateway: string,
  ground: () => Promise<RealGround>,
  options: LoadOptions = {},
): void {
  router = options.router ?? 'gateway-api'
  settle = options.settle
  beforeAll(async () => {
    asked = []
    real = await ground()
    stage = await openStage(async () => real)
    controller = await startControllerProcess(real.apiServer.kubeconfig())
  })
  afterAll(async () => {
    await controller?.stop()
    await real?.stop()
  })

  // A second try would find the releases of the first, and a dropped request is no accident.
  const once = { timeout: 900_000, retry: 0 }
  test(
    `${gateway}: promotions, aborts and a kill of the controller drop no request`,
    once,
    async () => {
      const shops = await Promise.all(ways.map(([way, workloads]) => installed(way, workloads)))
      const traffic = await trafficInside(real.real.pid, {
        url: `${real.gateway.url}/hello`,
        hosts: shops.map(hostOf),
        perSecond,
      })
      await Promise.all(shops.map(untilMidway))
      controller.signal('SIGKILL')
      await controller.ended
      controller = await startControllerProcess(real.apiServer.kubeconfig())
      await Promise.all(shops.map(promoted))
      const further = Promise.all(shops.map((shop) => promotedUntil(shop, traffic)))
      await Promise.race([further, traffic.ended])
      const report = await traffic.stop()

      const times = followed(report)
      for (const line of [...times.lines, summary(report)]) console.log(`${gateway}: ${line}`)
      for (const [host, { requests, dropped, drops, errorsServed, versions }] of Object.entries(
        report,
      )) {
        expect([host, dropped, drops, errorsServed]).toEqual([host, 0, [], 0])
        expect(Object.keys(versions)).toEqual(
          expect.arrayContaining(['v1', 'v2', 'v3', 'v4', 'v5']),
        )
        expect(requests).toBeGreaterThanOrEqual(wanted)
      }
      expect(times.known, 'each version was seen after our write').toBe(asked.length)
    },
  )
}

function hostOf({ name }: Actor): string {
  return `${name}.example.com`
}

async function installed(way: string, workloads: ReleaseWorkloads): Promise<Actor> {
  const shop = new Actor(stage, way)
  const spec = {
    replicas: 3,
    workloads,
    traffic: { router, route: way, ...(settle === undefined ? {} : { settle }) },
    strategy: {
      canary: { steps: [{ weight: 20 }, { pause: '1s' }, { weight: 60 }, { pause: {} }] },
    },
  } as const
  if (router === 'gateway-api') await shop.install('v1', spec)
  else {
    const { objects } = routeCases[router] as RouteCase
    for (const [kind, object] of objects(way)) await stage.local.cluster.create(kind, object)
    await shop.installRelease('v1', spec)
  }
  await shop.comesTo('Completed')
  return shop
}

/** One version promoted, the next one aborted, the last one under way. */
async function untilMidway(shop: Actor): Promise<void> {
  await ask(shop, 'v2')
  await promoted(shop)
  await ask(shop, 'v3')
  await judged(shop)
  await shop.command('abort')
  await shop.comesTo('Failed')
  await ask(shop, 'v4')
  await shop.until(({ status }) => status?.step?.index === 1)
}

async function ask(shop: Actor, version: string): Promise<void> {
  asked.push({ name: shop.name, version, at: systemClock().now() })
  await shop.ask(version)
}

function judged(shop: Actor): Promise<void> {
  return shop.until(({ status }) => status?.reason?.type === 'WaitingForApproval')
}

async function promoted(shop: Actor): Promise<void> {
  await judged(shop)
  await shop.command('promote')
  await shop.comesTo('Completed')
}

/** One version after the other, one at least, until there were enough requests. */
async function promotedUntil(shop: Actor, { report }: InsideTraffic): Promise<void> {
  let version = 4
  do {
    version += 1
    await ask(shop, `v${version}`)
    await promoted(shop)
  } while ((report()[hostOf(shop)]?.requests ?? 0) < wanted)
}

function summary(report: TrafficReport): string {
  const dropped = Object.values(report).reduce((sum, counts) => sum + counts.dropped, 0)
  const requests = Object.values(report).reduce((sum, counts) => sum + counts.requests, 0)
  return `${requests} requests, ${dropped} dropped`
}

/** How long after our writes each version was seen, in sentences. */
function followed(report: TrafficReport): {
  readonly lines: readonly string[]
  readonly known: number
} {
  const audit = real.real.audit()
  const times = asked.map((one) => {
    const first = report[`${one.name}.example.com`]?.first[one.version]
    return { ...one, ...sinceWrite(audit, one, first ?? Number.NaN) }
  })
  const lines = times.map(({ name, version, accepted, answered }) => {
    // Nobody says so of an Ingress or a VirtualService.
    const said = Number.isNaN(accepted) ? '' : `accepted ${accepted} ms, `
    return `${name} ${version}: ${said}first answer ${answered} ms after our write`
  })
  return { lines, known: times.filter(({ answered }) => answered > 0).length }
}

/** From the request that first gave a version weight: until the gateway said Accepted, until a pod of it answered. */
function sinceWrite(
  audit: readonly AuditLine[],
  { name, at }: Asked,
  firstAnswer: number,
): { readonly accepted: number; readonly answered: number } {
  const writes = audit.filter(
    ({ verb, objectRef, responseStatus, stageTimestamp }) =>
      ['create', 'patch', 'update'].includes(verb) &&
      (responseStatus?.code ?? 500) < 300 &&
      objectRef?.resource === written[router] &&
      // A canary Ingress of ours is called after the release, with a word more.
      objectRef.name?.startsWith(name) === true &&
      Date.parse(stageTimestamp) >= at,
  )
  const ours = writes.find(({ objectRef }) => objectRef?.subresource === undefined)
  const writtenAt = Date.parse(ours?.requestReceivedTimestamp ?? '')
  const said = writes.find(
    ({ objectRef, stageTimestamp }) =>
      objectRef?.subresource === 'status' && Date.parse(stageTimestamp) >= writtenAt,
  )
  return {
    accepted: Date.parse(said?.stageTimestamp ?? '') - writtenAt,
    answered: firstAnswer - writtenAt,
  }
}
