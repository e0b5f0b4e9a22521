/** Forecasts: the order of things, what they change, how long they take, and where somebody's word is needed. */
import { describe, expect, test } from 'vitest'
import { analysis } from '#test/gen/metric.ts'
import { httpRoute, release, template } from '#test/gen/release.ts'
import { command, installed, phaseIs, reasonIs, until } from '#test/gen/story.ts'
import { readRelease } from '../api/read.ts'
import type { ReleaseSpec } from '../api/release.ts'
import type { App } from '../model/app.ts'
import type { Observed } from '../observed.ts'
import { assumedRoute, emptyObserved, installedBefore } from './assumed.ts'
import { type Forecast, forecast, type Moment } from './forecast.ts'

const now = Date.UTC(2026, 10, 21)

function appOf(spec: Partial<ReleaseSpec> = {}): App {
  const read = readRelease(release(spec))
  if (read.kind === 'problems') throw new Error(JSON.stringify(read.problems))
  return read.app
}

function updateOf(spec: Partial<ReleaseSpec> = {}, objects = [httpRoute()]): Observed {
  return installedBefore(emptyObserved(appOf(spec), objects), now)
}

function line(moment: Moment): string {
  switch (moment.kind) {
    case 'write':
      return `${moment.write.verb} ${moment.write.kind}`
    case 'transition':
      return moment.event.action
    case 'wait':
      return `${moment.type} ${moment.durationMs ?? 'open'}`
  }
}

function lines({ moments }: Forecast): readonly string[] {
  return moments.map(line)
}

function weights({ moments }: Forecast): readonly unknown[] {
  return moments.flatMap((moment) =>
    moment.kind === 'write' && moment.write.kind === 'HTTPRoute'
      ? [moment.write.changes.filter(({ path }) => path.endsWith('.weight')).map(({ to }) => to)]
      : [],
  )
}

describe('a forecast', () => {
  test('of a canary: its steps in their order, with what they write and how long they take', () => {
    const seen = forecast(updateOf({ traffic: { route: 'shop', settle: '1s' } }), now)
    expect(seen.end).toMatchObject({ phase: 'Completed', settled: true })
    expect(weights(seen)).toEqual([
      [75, 25],
      [50, 50],
      [0, 100],
      [100, 0],
    ])
    const actions = seen.moments.flatMap((one) =>
      one.kind === 'transition' ? [one.event.action] : [],
    )
    expect(actions).toEqual(['Start', 'StepAdvance', 'StepAdvance', 'StepAdvance', 'Complete'])
    expect(lines(seen)).toContain('WaitingForPause 10000')
    // Ten seconds of pause; each of four weights settles for one, and so do the pods of each Service before its first.
    expect(seen.durationMs).toBeGreaterThanOrEqual(16_000)
    expect(seen.durationMs).toBeLessThan(17_500)
  })

  test('of a first install has no steps', () => {
    const seen = forecast(emptyObserved(appOf(), [httpRoute()]), now)
    expect(seen.end.phase).toBe('Completed')
    expect(seen.moments.map(line)).not.toContain('StepAdvance')
    expect(lines(seen)[0]).toBe('create ReplicaSet')
  })

  test('of what runs already is empty', () => {
    const world = installed()
    const seen = forecast(world.observe(), world.now)
    expect(seen.moments).toEqual([])
    expect(seen.durationMs).toBe(0)
  })

  test('of what runs already in other words is empty, once a controller has looked at it', () => {
    const world = installed()
    const seen = world.observe()
    const workloads = seen.workloads.map((one) => ({
      ...one,
      written: 'other',
      template: { ...one.template, spec: { ...one.template.spec, restartPolicy: 'Always' } },
    }))
    expect(forecast({ ...seen, workloads }, world.now).moments).toEqual([])
    const changed = { ...seen.app, generation: seen.app.generation + 1 }
    expect(lines(forecast({ ...seen, workloads, app: changed }, world.now))).toContain('Start')
  })

  test('names a wait that only a word ends, and goes on', () => {
    const steps = [{ weight: 25 }, { pause: {} }, { weight: 50 }]
    const seen = forecast(updateOf({ strategy: { canary: { steps } } }), now)
    expect(lines(seen)).toContain('WaitingForApproval open')
    expect(seen.end.phase).toBe('Completed')
  })

  test('takes the time that an analysis needs', () => {
    const steps = [{ weight: 25 }, { analysis: ['errors'] }]
    const spec = { strategy: { canary: { steps } }, analysis: analysis({ count: 3 }, '1m') }
    const seen = forecast(updateOf(spec), now)
    expect(seen.end.phase).toBe('Completed')
    const waits = seen.moments.flatMap((one) =>
      one.kind === 'wait' && one.type === 'WaitingForAnalysis' ? [one.durationMs ?? 0] : [],
    )
    const total = waits.reduce((sum, wait) => sum + wait, 0)
    expect(total).toBeGreaterThanOrEqual(80_000)
    expect(total).toBeLessThan(100_000)
  })

  test('of a release midway goes on from where it stands', () => {
    const steps = [{ weight: 25 }, { pause: {} }, { weight: 50 }]
    const world = installed({ strategy: { canary: { steps } } })
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForApproval'))
    const seen = forecast(world.observe(), world.now)
    expect(weights(seen)[0]).toEqual([50, 50])
    command(world, 'promote')
    until(world, phaseIs('Completed'))
  })

  test('says what stands in the way: a missing route holds it until it is turned back', () => {
    const seen = forecast(emptyObserved(appOf(), []), now)
    expect(seen.end.reason.type).toBe('RouteMissing')
  })

  test('of a rival is refused where it stands', () => {
    const rivals = [{ claim: 'Service shop-stable', by: 'headgate/default/other' }]
    const seen = forecast({ ...updateOf(), rivals }, now)
    expect(seen.end.reason.type).toBe('RivalRelease')
    expect(seen.moments.filter(({ kind }) => kind === 'write')).toEqual([])
  })

  test('is the same however often it is asked', () => {
    const start = updateOf()
    expect(JSON.stringify(forecast(start, now))).toBe(JSON.stringify(forecast(start, now)))
  })

  const seats = {
    stable: { name: 'shop-stable', labels: { part: 'stable' } },
    canary: { name: 'shop-canary', labels: { part: 'canary' } },
  }
  const topologies = [
    ['Deployment', 'replace'],
    ['ReplicaSet', 'replace'],
    ['ReplicaSet', 'handover'],
  ] as const
  for (const [kind, promotion] of topologies) {
    test(`of workloads under fixed names: ${kind}, ${promotion}`, () => {
      const workloads: App['workloads'] = {
        kind,
        layout: { by: 'role', roles: seats, promotion, idle: 'keep' },
      }
      const app: App = { ...appOf(), workloads }
      const start = installedBefore(emptyObserved(app, [httpRoute()]), now)
      expect(start.notebook?.phase).toBe('Completed')
      const seen = forecast(start, now)
      expect(seen.end).toMatchObject({ phase: 'Completed', settled: true })
      const touched = seen.moments.flatMap((one) => (one.kind === 'write' ? [one.write.kind] : []))
      expect(touched.includes('Pod')).toBe(promotion === 'handover')
    })
  }

  const strategies: readonly (readonly [string, Partial<ReleaseSpec>])[] = [
    ['canary', {}],
    ['blue-green', { strategy: { blueGreen: { autoPromoteAfter: '10s' } } }],
    ['rolling', { strategy: { rolling: { maxSurge: 1, maxUnavailable: 0 } } }],
  ]
  const routers = ['gateway-api', 'grpc', 'nginx', 'istio', 'service']
  for (const [name, spec] of strategies) {
    for (const router of routers) {
      test(`without a cluster: ${name} by ${router}`, () => {
        const traffic = router === 'service' ? { router } : { router, route: 'shop' }
        const app = appOf({ ...spec, traffic })
        const route = assumedRoute(app)
        const start = installedBefore(emptyObserved(app, route === undefined ? [] : [route]), now)
        const seen = forecast(start, now)
        expect(seen.end).toMatchObject({ phase: 'Completed', settled: true })
        expect(seen.moments.length).toBeGreaterThan(0)
      })
    }
  }
})

describe('a forecast of what is made, named and missing', () => {
  const virtual = (name: string) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name },
    spec: {
      hosts: ['*'],
      http: [{ route: [{ destination: { host: 'shop-stable' }, weight: 100 }] }],
    },
  })
  const meshed = (): App => ({
    ...appOf(),
    traffic: { router: 'istio', route: 'shop', also: ['shop-mesh'], settleMs: 1000 },
    made: {
      service: { ports: [{ name: 'http', port: 80 }] },
      objects: [virtual('shop'), virtual('shop-mesh')],
    },
  })

  test('makes routing objects first, and writes both at each step', () => {
    expect(assumedRoute(meshed())).toBeUndefined()
    const first = forecast(emptyObserved(meshed(), []), now)
    expect(lines(first).filter((one) => one === 'create VirtualService').length).toBe(2)
    expect(first.end.phase).toBe('Completed')
    const next = forecast(installedBefore(emptyObserved(meshed(), []), now), now)
    expect(next.end).toMatchObject({ phase: 'Completed', settled: true })
    expect(lines(next).filter((one) => one.endsWith('VirtualService')).length % 2).toBe(0)
  })

  test('calls the next revision by the name that its author gives', () => {
    const seen = forecast(updateOf({ revision: 'v7' }), now)
    const made = seen.moments.flatMap((one) =>
      one.kind === 'write' && one.write.kind === 'ReplicaSet' ? [one.write.name] : [],
    )
    expect(made).toContain('shop-v7')
  })

  test('without a route has only its pods to tell of', () => {
    const seen = forecast(updateOf({ traffic: { router: 'none' } }, []), now)
    expect(seen.end).toMatchObject({ phase: 'Completed', settled: true })
    expect(lines(seen).filter((one) => one.includes('HTTPRoute'))).toEqual([])
  })
})

describe('a forecast of gates for people', () => {
  test('names the wait for an approval as one without an end, and goes on', () => {
    const steps = [{ weight: 25 }, { gate: { approval: {} } }, { weight: 50 }]
    const seen = forecast(updateOf({ strategy: { canary: { steps } } }), now)
    expect(lines(seen)).toContain('WaitingForGate open')
    expect(lines(seen).filter((one) => one.startsWith('WaitingForGate '))).toHaveLength(1)
    expect(weights(seen)).toContainEqual([50, 50])
    expect(seen.end).toMatchObject({ phase: 'Completed', settled: true })
  })
})

describe('a forecast of gates for people around a promotion', () => {
  for (const place of ['prePromotion', 'postPromotion'] as const) {
    test(`${place}: somebody is waited for once`, () => {
      const blueGreen = { autoPromoteAfter: '0s', [place]: { gates: [{ approval: {} }] } }
      const seen = forecast(updateOf({ strategy: { blueGreen } }), now)
      expect(lines(seen).filter((one) => one === 'WaitingForGate open')).toHaveLength(1)
      expect(seen.end).toMatchObject({ phase: 'Completed', settled: true })
    })
  }
})
