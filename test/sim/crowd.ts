/** Many releases and one controller: how long each takes, with a poisoned one among them and without. */
import { startController } from '#controller/controller.ts'
import { telemetry } from '#controller/telemetry.ts'
import type { Release } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { doors } from '#doors/register.ts'
import type { Cluster } from '#kube/cluster.ts'
import { connectTo } from '#kube/connect.ts'
import type { Transport } from '#kube/http.ts'
import { silentLog } from '#kube/log.ts'
import type { Ports } from '#kube/ports.ts'
import { type VirtualClock, virtualClock } from '#kube/virtual-clock.ts'
import { copyApiServer } from '#local/api-server/api-server.ts'
import { httpRoute, release, template } from '#test/gen/release.ts'
import { beginning, groundOf, inTime } from './ground.ts'
import { followGateway, startLocalParts } from './parts.ts'
import { podsOver } from './pods.ts'
import { diceOf, idsOf } from './random.ts'
import { status } from './replies.ts'

export type Crowd = {
  /** Virtual milliseconds from the wish for a version to its completion, one for each release but the poisoned one. */
  readonly took: readonly number[]
  /** Writes about the poisoned release that were tried, a virtual minute. */
  readonly triesPerMinute: number
}

const poison = 'poison'
const mostMs = 600_000

/** @throws Error when the others do not come to their end. */
export async function runCrowd(count: number, isPoisoned: boolean): Promise<Crowd> {
  const time = virtualClock(beginning)
  const ports: Ports = { clock: time.clock, random: diceOf(1, 'crowd').next, newId: idsOf(1) }
  const server = copyApiServer(await groundOf(), ports)
  const tries = { count: 0 }
  const ways: Transport[] = []
  const way = (): Transport => {
    const made = server.transport()
    ways.push(made)
    return made
  }
  const people = connectTo(way(), ports, { fieldManager: 'people' })
  await inTime(time, startLocalParts(way(), ports, podsOver(time.clock), undefined))
  await inTime(time, followGateway(way(), ports, 'gateway-api'))
  const names = Array.from({ length: count }, (_, index) => `app-${index}`)
  for (const name of isPoisoned ? [poison, ...names] : names) await inTime(time, put(people, name))
  const controller = startController({
    cluster: connectTo(poisoned(way(), tries), ports),
    doors,
    clock: time.clock,
    ask: async () => ({ kind: 'failed', message: 'nobody is asked here' }),
    log: silentLog,
    telemetry: telemetry('crowd'),
    instance: 'A',
  })
  await inTime(time, controller.synced())
  controller.lead(() => true)
  const releases = people.watch<Release>(kinds.release, { project: (object) => object as Release })
  await inTime(time, releases.synced())
  const serves = (name: string, image: string): boolean =>
    isServing(releases.get(`default/${name}`), image)
  await comesTo(time, () => names.every((name) => serves(name, 'v1')))
  const askedAt = time.clock.monotonic()
  const since = tries.count
  for (const name of names) await inTime(time, ask(people, name))
  const took = new Map<string, number>()
  await comesTo(time, () => {
    for (const name of names)
      if (!took.has(name) && serves(name, 'v2')) took.set(name, time.clock.monotonic() - askedAt)
    return took.size === count
  })
  await time.advance(60_000)
  const minutes = (time.clock.monotonic() - askedAt) / 60_000
  for (const one of ways) await one.close()
  return { took: [...took.values()], triesPerMinute: (tries.count - since) / minutes }
}

async function comesTo(time: VirtualClock, holds: () => boolean): Promise<void> {
  if (!(await time.advanceUntil(holds, mostMs))) throw new Error('the crowd does not come to rest')
}

/** Every write about one release fails, in the way that makes one try again. */
function poisoned(inner: Transport, tries: { count: number }): Transport {
  return {
    close: inner.close,
    send: async (request, options) => {
      if (request.method === 'GET' || !`${request.path}${request.body ?? ''}`.includes(poison))
        return inner.send(request, options)
      tries.count += 1
      return status(500, 'InternalError', 'etcdserver: request timed out')
    },
  }
}

function isServing(held: Release | undefined, tag: string): boolean {
  const { status: told, metadata } = held ?? {}
  return (
    told?.phase === 'Completed' &&
    told.observedGeneration === metadata?.generation &&
    held?.spec.template.spec.containers[0]?.image === `shop:${tag}`
  )
}

async function put(people: Cluster, name: string): Promise<void> {
  const route = httpRoute()
  const named = (text: string): string => text.replaceAll('shop-', `${name}-`)
  const spec = JSON.parse(named(JSON.stringify(route.spec))) as typeof route.spec
  const own = { ...spec, hostnames: [`${name}.example.com`] }
  await people.create(kinds.httpRoute, {
    ...route,
    metadata: { name, namespace: 'default' },
    spec: own,
  })
  const given = release({
    replicas: 1,
    services: { stable: `${name}-stable`, candidate: `${name}-canary` },
    selector: { matchLabels: { app: name } },
    template: labelled(name, 'shop:v1'),
    traffic: { route: name, settle: '200ms' },
    strategy: { canary: { steps: [{ weight: 50 }] } },
  })
  await people.create(kinds.release, { ...given, metadata: { name, namespace: 'default' } })
}

function labelled(name: string, image: string): Release['spec']['template'] {
  return { ...template(image), metadata: { labels: { app: name } } }
}

async function ask(people: Cluster, name: string): Promise<void> {
  const body = { spec: { template: labelled(name, 'shop:v2') } }
  await people.patch(kinds.release, { namespace: 'default', name }, 'merge', body)
}
