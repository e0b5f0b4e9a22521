/** Every traffic router with real requests: shares within binomial bounds, rules by match, the way back, and what is left. */
import { connect } from 'node:http2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReleaseSpec } from '#core/api/release.ts'
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { isKube } from '#kube/errors.ts'
import { systemClock } from '#kube/system.ts'
import { startTraffic } from '#local/traffic/traffic.ts'
import { exampleHost, own, type RouteCase, routeCases } from './routes.ts'
import { Actor, openStage, type Stage } from './stage.ts'

let stage: Stage
let stopController: () => Promise<void>

beforeAll(async () => {
  stage = await openStage()
  stopController = stage.startController()
})
afterAll(async () => {
  await stopController()
  await stage.stop()
})

/** The version that answers each of so many requests with these headers. */
const asks: Readonly<Record<string, typeof overHttp>> = { grpc: overGrpc }

type Headers = Readonly<Record<string, string>>

async function overHttp(host: string, count: number, headers: Headers = {}): Promise<string[]> {
  const { Agent, request } = await import('undici')
  const agent = new Agent({ connections: 16 })
  const versions: string[] = []
  const one = async (): Promise<void> => {
    const answer = await request(`${stage.local.gateway.url}/hello`, {
      headers: { ...headers, host },
      dispatcher: agent,
    })
    await answer.body.dump()
    versions.push(String(answer.headers['x-version'] ?? `status ${answer.statusCode}`))
  }
  for (let left = count; left > 0; left -= 50)
    await Promise.all(Array.from({ length: Math.min(50, left) }, one))
  await agent.close()
  return versions
}

async function overGrpc(host: string, count: number, headers: Headers = {}): Promise<string[]> {
  const session = connect(stage.local.gateway.url)
  const call = () =>
    new Promise<string>((resolve, reject) => {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/shop.Shop/Hello',
        ':authority': host,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers,
      })
      let version = 'nobody'
      stream.on('response', (head) => {
        version = String(head['x-version'] ?? `status ${head[':status']}`)
      })
      stream.on('end', () => resolve(version))
      stream.on('error', reject)
      stream.resume()
      stream.end(Buffer.alloc(5))
    })
  const versions: string[] = []
  for (let left = count; left > 0; left -= 50)
    versions.push(...(await Promise.all(Array.from({ length: Math.min(50, left) }, call))))
  session.close()
  return versions
}

function countOf(versions: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const version of versions) counts[version] = (counts[version] ?? 0) + 1
  return counts
}

/** At most four standard deviations away from the share asked for, and nobody else answers. */
function expectShare(versions: readonly string[], version: string, share: number): void {
  const counts = countOf(versions)
  expect(Object.keys(counts).filter((one) => !/^v\d$/.test(one))).toEqual([])
  const count = versions.length
  const bound = 4 * Math.sqrt(count * share * (1 - share))
  expect(Math.abs((counts[version] ?? 0) - count * share)).toBeLessThanOrEqual(bound)
}

async function install(router: string, name: string, spec: Partial<ReleaseSpec>): Promise<Actor> {
  const { cluster } = stage.local
  const { objects } = routeCases[router] as RouteCase
  for (const [kind, object] of objects(name)) await cluster.create(kind, object)
  const actor = new Actor(stage, name)
  const traffic = router === 'service' ? { router } : { router, route: name, settle: '200ms' }
  await actor.installRelease('v1', { replicas: 4, traffic, ...spec })
  await actor.comesTo('Completed')
  return actor
}

async function specsOf(router: string, name: string): Promise<readonly unknown[]> {
  const { objects } = routeCases[router] as RouteCase
  const found = await Promise.all(
    objects(name).map(([kind]) => stage.local.cluster.get<KubeObject>(kind, own(name))),
  )
  return found.map((object) => {
    const { spec, metadata } = object as KubeObject & { spec: unknown }
    return { spec, annotations: metadata.annotations ?? {} }
  })
}

async function gone(kind: Kind, name: string): Promise<boolean> {
  try {
    await stage.local.cluster.get(kind, own(name))
    return false
  } catch (error) {
    return isKube(error, 'NotFound')
  }
}

const marked: Headers = { 'x-variant': 'b' }

function stepsFor(router: string): ReleaseSpec['strategy'] {
  const header = { name: 'x-variant', value: 'b' }
  const byMatch = [{ match: [{ header }] }, { pause: {} }] as const
  const steps = [{ weight: 20 }, { pause: {} }, ...(router === 'service' ? [] : byMatch)]
  return { canary: { steps } }
}

/** Waits for a person at a step, by its number. */
async function atStep(actor: Actor, index: number): Promise<void> {
  await actor.until(
    ({ status }) => status?.reason?.type === 'WaitingForApproval' && status.step?.index === index,
  )
}

describe.each(Object.entries(routeCases))('the router %s', (router, { host }) => {
  const ask = asks[router] ?? overHttp
  const name = `r-${router}`
  const at = host(name)

  test('splits 5,000 requests as asked, follows matches, promotes and goes back with 0 dropped, and leaves nothing', async () => {
    const actor = await install(router, name, { strategy: stepsFor(router) })
    const before = await specsOf(router, name)
    expect(countOf(await ask(at, 50))).toEqual({ v1: 50 })
    // Calls of gRPC are counted by those who ask below.
    const url = `${stage.local.gateway.url}/hello`
    const counted =
      router === 'grpc'
        ? undefined
        : startTraffic({ url, host: at, perSecond: 30, clock: systemClock() })

    await actor.ask('v2')
    await atStep(actor, 1)
    expectShare(await ask(at, 5000), 'v2', 0.2)
    await actor.command('promote')
    if (router !== 'service') {
      await atStep(actor, 3)
      expect(countOf(await ask(at, 200, marked))).toEqual({ v2: 200 })
      expectShare(await ask(at, 1000), 'v2', 0.2)
      await actor.command('promote')
    }
    await actor.comesTo('Completed')
    expect(countOf(await ask(at, 100, marked))).toEqual({ v2: 100 })

    await actor.ask('v3')
    await atStep(actor, 1)
    await actor.command('abort')
    await actor.comesTo('Failed')
    expect(countOf(await ask(at, 100, marked))).toEqual({ v2: 100 })
    if (counted !== undefined) {
      const { dropped, drops } = await counted.stop()
      expect([dropped, drops]).toEqual([0, []])
    }

    await stage.local.cluster.remove(kinds.release, own(name))
    await actor.untilGone()
    expect(await specsOf(router, name)).toEqual(before)
    if (router === 'nginx') expect(await gone(kinds.ingress, `${name}-canary`)).toBe(true)
  }, 60_000)
})

/** A cookie that the gateway set, as it is sent back. */
async function answerTo(host: string, cookie?: string) {
  const { request } = await import('undici')
  const { headers, body } = await request(`${stage.local.gateway.url}/hello`, {
    headers: { host, ...(cookie === undefined ? {} : { cookie }) },
  })
  await body.dump()
  const set = [headers['set-cookie'] ?? []].flat().find((one) => one.startsWith('seat='))
  return { headers, pod: String(headers['x-pod']), cookie: set?.split(';')[0] }
}

describe.each(['gateway-api', 'nginx'])('AD08: extras by the router %s', (router) => {
  test('set a header on every answer and keep sessions with their pods, until they are taken back', async () => {
    const name = `x-${router}`
    const at = exampleHost(name)
    const bare = { router, route: name, settle: '200ms' }
    const extras = {
      responseHeaders: { 'x-served-by': 'headgate' },
      sticky: { cookie: 'seat' },
      compression: true,
    }
    const actor = await install(router, name, {
      replicas: 3,
      traffic: { ...bare, extras },
      strategy: { canary: { steps: [{ weight: 50 }, { pause: {} }] } },
    })
    await actor.ask('v2')
    await atStep(actor, 1)

    const sessions = await Promise.all(Array.from({ length: 12 }, () => answerTo(at)))
    expect(sessions.map(({ headers }) => headers['x-served-by'])).toEqual(
      sessions.map(() => 'headgate'),
    )
    expect(new Set(sessions.map(({ pod }) => pod)).size).toBeGreaterThan(1)
    for (const { pod, cookie } of sessions) {
      expect(cookie).toMatch(/^seat=./)
      const later = await Promise.all(Array.from({ length: 4 }, () => answerTo(at, cookie)))
      expect(later.map((one) => one.pod)).toEqual(later.map(() => pod))
    }
    const left = actor.release?.status?.conditions?.find(({ type }) => type === 'LeftOut')
    expect(left?.message).toContain(`the router ${router} cannot compress answers; it is left out`)

    await stage.local.cluster.patch(kinds.release, own(name), 'merge', {
      spec: { traffic: { extras: null } },
    })
    await actor.until(
      ({ status }) => status?.conditions?.every(({ type }) => type !== 'LeftOut') === true,
    )
    await expect
      .poll(async () => {
        const { headers, cookie } = await answerTo(at)
        return [headers['x-served-by'], cookie]
      })
      .toEqual([undefined, undefined])
  }, 60_000)
})
