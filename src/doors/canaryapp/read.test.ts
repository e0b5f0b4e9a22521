/** From a CanaryApp to an app: names, labels and objects as the document's users know them, and what is told of mistakes. */
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { emptyObserved, installedBefore } from '#core/forecast/assumed.ts'
import { forecast } from '#core/forecast/forecast.ts'
import { stable } from '#core/model/weights.ts'
import { validateSchema } from '#core/schema/validate.ts'
import { appOf, at, image, noLookup, sample, sampleYaml } from '#test/doors/canaryapp/sample.ts'
import type { CanaryApp } from './canary-app.ts'
import { meshObjects } from './objects.ts'
import { lookBackOf, stepsOf, weightsOf } from './plan.ts'
import { readCanaryApp } from './read.ts'
import { canaryAppCrd, specSchema } from './schema.ts'

const [version] = canaryAppCrd.spec.versions

describe('the resource', () => {
  test('C01: canary.atze.io/v1 CanaryApp, canaryapps, canaryapp, namespaced, with a status of its own', () => {
    const { group, scope, names } = canaryAppCrd.spec
    expect([group, scope, names.kind, names.plural, names.singular]).toEqual([
      'canary.atze.io',
      'Namespaced',
      'CanaryApp',
      'canaryapps',
      'canaryapp',
    ])
    expect(version).toMatchObject({ name: 'v1', served: true, storage: true })
    expect(version.subresources).toEqual({ status: {} })
  })

  test('C02: the fields of the document are required, numbers from 1 on', () => {
    const spec = specSchema as {
      required: string[]
      properties: Record<string, { minimum?: number }>
    }
    expect([...spec.required].sort()).toEqual([
      'image',
      'imageListenPort',
      'prometheusQuery',
      'prometheusURL',
      'replicas',
      'testReplicas',
    ])
    for (const name of ['imageListenPort', 'replicas', 'testReplicas'])
      expect(spec.properties[name]?.minimum).toBe(1)
  })

  test('C03: the others have defaults', () => {
    const { properties } = specSchema as { properties: Record<string, { default?: unknown }> }
    expect(properties['failWhenPrometheusFails']?.default).toBe(true)
    expect(properties['trafficShiftUpdateInterval']?.default).toBe(30)
    expect(properties['deploymentReadyWaitTime']?.default).toBe(20)
  })

  test('C04: the status has the fields of the document, four of them required', () => {
    const { status } = version.schema.openAPIV3Schema['properties'] as {
      status: { required: string[]; properties: Record<string, object> }
    }
    expect(status.required).toEqual([
      'lastFailedTag',
      'successfulRelease',
      'testRunning',
      'trafficShift',
    ])
    expect(status.properties).toMatchObject({
      testRunning: { default: false },
      trafficShift: { default: 0 },
      lastFailedTag: { default: '' },
      lastTrafficShift: { format: 'date-time' },
    })
  })

  test('the sample of the document fits as it is written', () => {
    const { spec } = parse(sampleYaml) as CanaryApp
    expect(validateSchema(specSchema, spec as never)).toEqual([])
  })
})

describe('what is made for it', () => {
  test('C05: Deployments by their names, with the labels app, owner and service', () => {
    const app = appOf(sample())
    expect(app.workloads).toEqual({
      kind: 'Deployment',
      layout: {
        by: 'role',
        roles: {
          stable: { name: 'canaryapp-sample-primary', labels: { service: 'primary' } },
          secondary: { name: 'canaryapp-sample-secondary', labels: { service: 'secondary' } },
        },
        promotion: 'replace',
        idle: 'delete',
      },
    })
    expect(app.selector).toEqual({ app: 'canaryapp-sample', owner: 'canaryop' })
    expect(app.replicas).toBe(2)
  })

  test('C05: one container named like the CanaryApp, with the image and one port named http', () => {
    expect(appOf(sample()).template.spec.containers).toMatchObject([
      {
        name: 'canaryapp-sample',
        image: image('v1'),
        ports: [{ name: 'http', containerPort: 8088 }],
      },
    ])
  })

  test('C06: one Service for both, by the label app', () => {
    const { services, made } = appOf(sample())
    expect(services).toEqual({ stable: 'canaryapp-sample', secondary: 'canaryapp-sample' })
    expect(made?.service).toEqual({
      selector: { app: 'canaryapp-sample' },
      ports: [{ name: 'http', port: 8088, targetPort: 'http' }],
    })
  })

  test('C07, C08, C09: DestinationRule, VirtualService and Gateway as they were, the VirtualService of the mesh beside', () => {
    const [route, mesh, rule, gateway] = meshObjects(sample())
    const to = (subset: string, weight: number) => ({
      destination: { host: 'canaryapp-sample', subset, port: { number: 8088 } },
      weight,
    })
    expect(route).toMatchObject({
      kind: 'VirtualService',
      metadata: { name: 'canaryapp-sample' },
      spec: {
        hosts: ['*'],
        gateways: ['canaryapp-sample'],
        http: [{ match: [{}], route: [to('primary', 100), to('secondary', 0)] }],
      },
    })
    expect(mesh).toMatchObject({
      kind: 'VirtualService',
      metadata: { name: 'canaryapp-sample-mesh' },
      spec: {
        hosts: ['canaryapp-sample'],
        gateways: ['mesh'],
        http: [{ route: [to('primary', 100), to('secondary', 0)] }],
      },
    })
    expect(rule).toMatchObject({
      kind: 'DestinationRule',
      spec: {
        host: 'canaryapp-sample',
        subsets: [
          { name: 'primary', labels: { app: 'canaryapp-sample', service: 'primary' } },
          { name: 'secondary', labels: { app: 'canaryapp-sample', service: 'secondary' } },
        ],
      },
    })
    expect(gateway).toMatchObject({
      kind: 'Gateway',
      spec: {
        selector: { istio: 'ingressgateway' },
        servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }],
      },
    })
  })

  test('C29: all of it bears a controller reference to the CanaryApp', () => {
    const owner = {
      apiVersion: 'canary.atze.io/v1',
      kind: 'CanaryApp',
      name: 'canaryapp-sample',
      uid: 'uid-1',
      controller: true,
      blockOwnerDeletion: true,
    }
    expect(appOf(sample()).owner).toEqual(owner)
    for (const { metadata } of meshObjects(sample()))
      expect(metadata.ownerReferences).toEqual([owner])
  })

  test('CD02: all ports follow imageListenPort', () => {
    const object = sample({ imageListenPort: 9000 })
    const text = JSON.stringify([appOf(object).made?.service, meshObjects(object)])
    expect(text).not.toContain('8088')
    expect(text).toContain('9000')
  })

  test('CD14: hosts that are named are those of the Gateway and its VirtualService, not of the mesh', () => {
    const object = sample({ hosts: ['shop.example.com'] })
    type Hosted = { hosts?: unknown; servers?: readonly { hosts: unknown }[] }
    const hosts = meshObjects(object).map((one) => {
      const { hosts: own, servers } = (one as unknown as { spec: Hosted }).spec
      return own ?? servers?.[0]?.hosts
    })
    expect(hosts).toEqual([
      ['shop.example.com'],
      ['canaryapp-sample'],
      undefined,
      ['shop.example.com'],
    ])
  })

  test('env, resources, probes, further ports and containers come from the optional template', () => {
    const object = sample({
      template: {
        metadata: { labels: { team: 'shop', app: 'other' }, annotations: { a: 'b' } },
        spec: {
          serviceAccountName: 'shop',
          containers: [
            { name: 'proxy', image: 'proxy:1' },
            {
              name: 'canaryapp-sample',
              env: [{ name: 'A', value: 'b' }],
              resources: { limits: { cpu: '1' } },
              readinessProbe: { httpGet: { path: '/hello', port: 'http' } },
              ports: [{ name: 'admin', containerPort: 9901 }],
            },
          ],
        },
      },
    })
    const { template, made } = appOf(object)
    expect(template).toMatchObject({
      metadata: {
        labels: { team: 'shop', app: 'canaryapp-sample' },
        annotations: { a: 'b' },
      },
      spec: {
        serviceAccountName: 'shop',
        containers: [
          {
            name: 'canaryapp-sample',
            image: image('v1'),
            env: [{ name: 'A', value: 'b' }],
            resources: { limits: { cpu: '1' } },
            ports: [
              { name: 'http', containerPort: 8088 },
              { name: 'admin', containerPort: 9901 },
            ],
          },
          { name: 'proxy', image: 'proxy:1' },
        ],
      },
    })
    expect(made?.service?.ports?.map(({ name, port }) => [name, port])).toEqual([
      ['http', 8088],
      ['admin', 9901],
    ])
  })
})

describe('the plan', () => {
  test('C12, C13, C14: pods, the wait, then 10, 20, 30, 40, 50, each with a look after it', () => {
    const { plan } = appOf(sample())
    const look = { kind: 'analysis', metrics: ['prometheusQuery'] }
    const weights = [10, 20, 30, 40, 50].flatMap((weight) => [
      { kind: 'weight', weight, replicas: 1 },
      look,
    ])
    expect(plan.candidates[0]?.steps).toEqual([
      { kind: 'replicas', replicas: 1 },
      { kind: 'pause', durationMs: 20_000 },
      ...weights,
    ])
  })

  const rows = [
    ['CD01: the defaults', {}, [10, 20, 30, 40, 50]],
    ['CD01: another step', { trafficShiftStep: 25 }, [25, 50]],
    ['CD01: a step that does not fit', { trafficShiftStep: 20 }, [20, 40, 50]],
    ['CD01: another limit', { trafficShiftLimit: 100, trafficShiftStep: 50 }, [50, 100]],
  ] as const
  for (const [name, changes, weights] of rows)
    test(`${name}: ${weights.join(', ')}`, () =>
      expect(weightsOf(sample(changes).spec)).toEqual(weights))

  test('the settle time is that of Istio, or what proxies need here', () => {
    const settles = [{}, { trafficSettleTime: 12 }, { trafficSettleTime: 0 }]
    expect(settles.map((spec) => appOf(sample(spec)).traffic.settleMs)).toEqual([
      undefined,
      12_000,
      0,
    ])
  })

  test('CD18: an empty query asks nobody; time alone goes by', () => {
    const object = sample({ prometheusQuery: '', prometheusURL: '', deploymentReadyWaitTime: 0 })
    expect(appOf(object).analysis).toBeUndefined()
    expect(stepsOf(object.spec).slice(0, 3)).toEqual([
      { kind: 'replicas', replicas: 1 },
      { kind: 'weight', weight: 10, replicas: 1 },
      { kind: 'pause', durationMs: 30_000 },
    ])
  })

  test('C18, C20: the last two minutes by points five seconds apart; any series is one too many', () => {
    expect(appOf(sample()).analysis).toMatchObject({
      provider: { address: 'http://prometheus.istio-system.svc:9090' },
      metrics: [
        {
          counts: 'series',
          max: 0,
          range: { stepMs: 5000, lookBackMs: 20_000 },
          windowMs: 120_000,
          intervalMs: 30_000,
          failures: 1,
          onNoData: 'continue',
          onError: 'rollback',
        },
      ],
    })
  })

  test('C19, CD17: a query that fails is a failure unless failWhenPrometheusFails is false', () => {
    const policies = [undefined, true, false].map((failWhenPrometheusFails) => {
      const { failWhenPrometheusFails: _default, ...spec } = sample().spec
      const given = failWhenPrometheusFails === undefined ? {} : { failWhenPrometheusFails }
      return appOf({ ...sample(), spec: { ...spec, ...given } }).analysis?.metrics[0]?.onError
    })
    expect(policies).toEqual(['rollback', 'rollback', 'continue'])
  })

  test('CD08: the first question comes no earlier than one scrape after the first shift', () => {
    const warmups = [30, 5].map(
      (trafficShiftUpdateInterval) =>
        appOf(sample({ trafficShiftUpdateInterval })).analysis?.warmupMs,
    )
    expect(warmups).toEqual([0, 10_000])
  })

  const ranges = [
    ['up', 0],
    ['rate(a[20s])', 20_000],
    ['rate(a[1h30m]) / rate(b[5m:1m])', 5_400_000],
    ['a{b="[x]"}', 0],
  ] as const
  for (const [query, ms] of ranges)
    test(`CD08: ${query} looks back ${ms} ms`, () => expect(lookBackOf(query)).toBe(ms))

  test('weakness 6: Prometheus may ask for credentials and for certificates of its own', () => {
    const object = sample({ prometheusSecret: 'prometheus', prometheusCABundle: 'PEM' })
    expect(appOf(object).analysis?.provider).toMatchObject({
      secret: 'prometheus',
      caBundle: 'PEM',
    })
  })

  test('CD07: a deployment that does not get ready within its time is a failed one', () => {
    expect(appOf(sample()).progressDeadlineMs).toBe(600_000)
    expect(appOf(sample({ deploymentReadyTimeout: 60 })).progressDeadlineMs).toBe(60_000)
  })
})

describe('what cannot be', () => {
  const rows = [
    ['a name that no Service can have', sample({}, { name: 'a.b' }), 'metadata.name'],
    ['an empty image', sample({ image: '' }), 'spec.image'],
    [
      'two images for one container',
      sample({ template: { spec: { containers: [{ name: 'canaryapp-sample', image: 'x' }] } } }),
      'spec.template.spec.containers',
    ],
    [
      'CD09: a placeholder that nobody fills',
      sample({ prometheusQuery: 'up{a="{{pod}}"}' }),
      'spec.prometheusQuery',
    ],
    [
      'CD09: a placeholder outside of quotes',
      sample({ prometheusQuery: 'up{a={{subset}}}' }),
      'spec.prometheusQuery',
    ],
    ['no replicas', sample({ replicas: undefined } as never), 'spec.replicas'],
    ['replicas that are a text', sample({ replicas: '2' } as never), 'spec.replicas'],
  ] as const
  for (const [name, object, path] of rows)
    test(name, () => {
      const read = readCanaryApp(JSON.parse(JSON.stringify(object)) as CanaryApp, noLookup)
      expect(read.kind === 'problems' ? read.problems.map((one) => one.path) : []).toEqual([path])
    })

  test("somebody else's Deployment under a name that is needed", () => {
    const stranger = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'canaryapp-sample-primary' },
      spec: { template: { spec: { containers: [] } } },
    }
    const read = readCanaryApp(sample(), ({ name }) =>
      name === 'canaryapp-sample-primary' ? stranger : undefined,
    )
    expect(JSON.stringify(read)).toContain('was not made for this CanaryApp')
  })
})

test('CD09: subset, Deployment and namespace may stand in the query', () => {
  const query = 'up{a="{{subset}}",b="{{deployment}}",c="{{namespace}}"}'
  const [metric] = appOf(sample({ prometheusQuery: query })).analysis?.metrics ?? []
  expect(metric?.query).toMatchObject({
    arguments: { subset: 'secondary', deployment: 'canaryapp-sample-secondary' },
  })
  expect(appOf(sample()).services[stable]).toBe('canaryapp-sample')
})

test('headgate plan tells a test with all its shifts, without a cluster', () => {
  const before = installedBefore(emptyObserved(appOf(sample()), []), at)
  const { moments, end } = forecast(before, at)
  expect(end).toMatchObject({ phase: 'Completed', settled: true })
  const steps = moments.flatMap((one) => (one.kind === 'transition' ? [one.event.message] : []))
  const weights = steps.flatMap((text) => /done: weight (\d+)/.exec(text)?.[1] ?? [])
  expect(weights).toEqual(['10', '20', '30', '40', '50'])
})
