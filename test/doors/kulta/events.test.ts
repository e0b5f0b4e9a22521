/** What KULTA's receivers hear, over real sockets and in a real file: CDEvents, occurrences, and what variables change. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KubeObject } from '#core/k8s/meta.ts'
import { configuredBy } from '#doors/kulta/environment.ts'
import type { CanaryStrategy, Rollout } from '#doors/kulta/rollout.ts'
import { strictRules } from '#kube/address-guard.ts'
import { silentLog } from '#kube/log.ts'
import { reachThrough } from '#kube/reach.ts'
import { systemPorts } from '#kube/system.ts'
import { sendDirect } from '#kube/transport.ts'
import { sinksOfDoors } from '../../../src/cli/door-sinks.ts'
import { kultaStage, Player } from './kulta-stage.ts'
import { problemsOfCdEvent } from './published.ts'

type Heard = { readonly type: string; readonly body: Readonly<Record<string, unknown>> }
type CdEvent = {
  readonly id: string
  readonly type: string
  readonly data: {
    readonly context: Readonly<Record<string, string>>
    readonly subject: { readonly id: string; readonly content: object }
    readonly customData: { readonly kulta: Readonly<Record<string, unknown>> }
  }
}

const events: Heard[] = []
const folder = mkdtempSync(join(tmpdir(), 'headgate-occurrences-'))
let server: Server
let url = ''
/** The receiver answers 503 to so many requests first: what it did not take comes again. */
let refusing = 2

beforeAll(async () => {
  server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    request.once('end', () => {
      refusing -= 1
      if (refusing >= 0) return void response.writeHead(503).end()
      events.push({ type: request.headers['content-type'] ?? '', body: JSON.parse(text) })
      response.writeHead(202).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://localhost:${(server.address() as AddressInfo).port}/events`
})
afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

const env = (): Record<string, string> => ({
  KULTA_CDEVENTS_ENABLED: 'true',
  KULTA_CDEVENTS_SINK_URL: url,
  KULTA_OCCURRENCE_DIR: join(folder, 'made-when-needed'),
  KULTA_CLUSTER_NAME: 'east',
})

const stage = kultaStage({
  speed: 20,
  settings: { cluster: 'east' },
  sinks: (cluster) => {
    const rules = { ...strictRules, loopback: true }
    const reach = reachThrough({ cluster, way: 'proxy', rules, direct: sendDirect })
    return sinksOfDoors([configuredBy(env())], {
      reach,
      now: systemPorts().clock.now,
      log: silentLog,
    })
  },
})

const told = (): readonly CdEvent[] => events.map(({ body }) => body as unknown as CdEvent)
const occurrences = (): readonly Record<string, unknown>[] =>
  readFileSync(join(folder, 'made-when-needed', 'occurrence.json'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

async function until(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { timeout: 60_000, interval: 50 }).toBe(true)
}

const service = 'dev.cdevents.service'

describe('a canary', () => {
  const steps = [
    { setWeight: 20, pause: { duration: '10s' } },
    { setWeight: 50, pause: {} },
  ]

  test('tells deployed, upgraded, published and rolledback, each exactly once, and each by an id of its own', async () => {
    const app = new Player(stage(), 'told')
    await app.open()
    await app.apply('examples/kulta/canary/gateway.yaml')
    await app.apply('examples/kulta/canary/rollout.yaml', (object: KubeObject) => {
      const { spec, ...rollout } = object as Rollout
      const { analysis: _, ...canary } = spec.strategy.canary as CanaryStrategy
      return {
        ...rollout,
        spec: { ...spec, replicas: 1, strategy: { canary: { ...canary, steps } } },
      } as KubeObject
    })
    await app.comesTo('Paused', ({ currentStepIndex }) => currentStepIndex === 1)
    await app.annotate('kulta.io/promote', 'true')
    await app.comesTo('Completed')
    await app.image('v2.1.0')
    await app.comesTo('Paused')
    await app.annotate('kulta.io/abort', 'true')
    await app.comesTo('Failed')
    await until(() => told().length >= 5)
    expect(told().map(({ type, data }) => [type, data.subject.id])).toEqual([
      [`${service}.deployed.0.3.0`, '/rollouts/my-app/initialization'],
      [`${service}.upgraded.0.3.0`, '/rollouts/my-app/step/1'],
      [`${service}.published.0.3.0`, '/rollouts/my-app/completed'],
      [`${service}.deployed.0.3.0`, '/rollouts/my-app/initialization'],
      [`${service}.rolledback.0.3.0`, '/rollouts/my-app/rollback'],
    ])
    expect(new Set(told().map(({ id }) => id)).size).toBe(5)
    for (const { type } of events) expect(type).toBe('application/cloudevents+json')
  })

  test('each is a CloudEvent whose data is the whole CDEvent of the specification 0.5.0', () => {
    for (const event of told()) {
      const { context, subject } = event.data
      expect(Object.keys(context).sort()).toEqual([
        'id',
        'source',
        'specversion',
        'timestamp',
        'type',
      ])
      expect(context).toMatchObject({
        specversion: '0.5.0',
        source: 'https://kulta.io',
        type: event.type,
      })
      expect(event).toMatchObject({
        specversion: '1.0',
        id: context['id'],
        source: context['source'],
        type: context['type'],
        time: context['timestamp'],
        subject: subject.id,
        datacontenttype: 'application/json',
      })
      expect(Date.parse(context['timestamp'] ?? '')).toBeGreaterThan(0)
      expect(event.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      expect(subject).toMatchObject({ source: 'https://kulta.io/controller' })
      const published = event.type.includes('published')
      expect(subject.content).toEqual({
        environment: {
          id: 'told/my-app',
          source: '/apis/kulta.io/v1beta1/namespaces/told/rollouts/my-app',
        },
        ...(published ? {} : { artifactId: expect.stringMatching(/^myregistry\/myapp:v2/) }),
      })
    }
  })

  test("custom data has KULTA's members", () => {
    const kulta = told().map(({ data }) => data.customData.kulta)
    expect(kulta.map((one) => [one['decision'], one['step']])).toEqual([
      [{ reason: 'initialization' }, { index: 0, total: 2, traffic_weight: 20 }],
      [{ reason: 'step_advanced' }, { index: 1, total: 2, traffic_weight: 50 }],
      [{ reason: 'completed' }, { index: 2, total: 2, traffic_weight: 100 }],
      [{ reason: 'initialization' }, { index: 0, total: 2, traffic_weight: 20 }],
      [{ reason: 'analysis_failed' }, expect.objectContaining({ total: 2 })],
    ])
    for (const one of kulta)
      expect(one).toMatchObject({
        version: 'v1',
        strategy: 'canary',
        rollout: {
          name: 'my-app',
          namespace: 'told',
          uid: expect.any(String),
          generation: expect.any(Number),
        },
      })
  })

  test('occurrences are lines of JSON, one for each transition, in the layout of the protocol', async () => {
    await until(() => occurrences().some(({ type }) => type === 'canary.rollout.failed'))
    const all = occurrences()
    expect(all.map(({ type }) => String(type).replace('canary.rollout.', ''))).toEqual([
      'progressing',
      'paused',
      'progressing',
      'paused',
      'progressing',
      'completed',
      'progressing',
      'paused',
      'failed',
    ])
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    for (const one of all) {
      expect(one).toMatchObject({
        protocol_version: '1.0',
        id: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/),
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        source: 'kulta',
        context: {
          cluster: 'east',
          namespace: 'told',
          correlation_keys: [
            { type: 'deployment', value: 'my-app' },
            { type: 'namespace', value: 'told' },
          ],
          entities: one['entities'],
        },
        data: { rollout: { name: 'my-app', namespace: 'told', strategy: 'canary', replicas: 1 } },
        entities: [
          { type: 'rollout', name: 'my-app', namespace: 'told', source_of_truth: 'k8s-api' },
        ],
      })
      expect(one['reasoning'] ?? one['history']).toBeUndefined()
    }
    const byType = (end: string) => all.find(({ type }) => String(type).endsWith(end))
    expect(byType('paused')).toMatchObject({ severity: 'warning', outcome: 'in_progress' })
    expect(byType('completed')).toMatchObject({ severity: 'info', outcome: 'success' })
    expect(byType('completed')?.['error']).toBeUndefined()
    expect(byType('failed')).toMatchObject({
      severity: 'error',
      outcome: 'failure',
      error: {
        code: 'ROLLOUT_FAILED',
        what_failed: expect.any(String),
        why_it_matters: expect.any(String),
      },
    })
  })
})

test('an advisor is asked at each transition; what it says is told, and decides nothing', async () => {
  const asked: Record<string, unknown>[] = []
  const advisor = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    request.once('end', () => {
      asked.push(JSON.parse(text) as Record<string, unknown>)
      const answer = { action: 'Rollback', confidence: 0.9, reasoning: 'a feeling' }
      response.end(asked.length === 1 ? 'what?' : JSON.stringify(answer))
    })
  })
  await new Promise<void>((resolve) => advisor.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://localhost:${(advisor.address() as AddressInfo).port}/advise`
  const app = new Player(stage(), 'advised')
  await app.open()
  await app.apply('examples/kulta/blue-green/gateway.yaml')
  await app.apply('examples/kulta/blue-green/rollout.yaml', (object: KubeObject) => {
    const { spec, ...rollout } = object as Rollout
    const automatic = { autoPromotionEnabled: true, autoPromotionSeconds: 2 }
    const strategy = { blueGreen: { ...spec.strategy.blueGreen, ...automatic } }
    const advice = { level: 'Advised', endpoint, timeoutSeconds: 3 }
    return { ...rollout, spec: { ...spec, replicas: 1, strategy, advisor: advice } } as KubeObject
  })
  await app.comesTo('Completed')
  const recommended = () =>
    occurrences().filter(({ type }) => type === 'bluegreen.advisor.recommendation')
  await until(() => recommended().length > 0)
  expect(asked[0]).toMatchObject({
    rollout_name: 'my-app',
    namespace: 'advised',
    strategy: 'blue-green',
    current_step: 0,
    current_weight: 0,
    metrics_healthy: true,
    phase: expect.any(String),
    history: expect.any(Array),
  })
  expect(recommended()[0]).toMatchObject({
    data: { recommendation: { action: 'Rollback', confidence: 0.9, reasoning: 'a feeling' } },
  })
  expect(app.status.phase).toBe('Completed')
  advisor.close()
})

describe('simple, blue-green and A/B', () => {
  const seen = (namespace: string) =>
    told()
      .filter(({ data }) => JSON.stringify(data.subject.content).includes(`"${namespace}/`))
      .map(({ type, data }) => [
        type.split('.')[3],
        (data.customData.kulta as { decision: { reason: string } }).decision.reason,
      ])
  const words = (namespace: string) =>
    occurrences()
      .filter(({ context }) => (context as { namespace: string }).namespace === namespace)
      .map(({ type }) => String(type))

  test('simple tells deployed, then published; its occurrences begin with rolling', async () => {
    const app = new Player(stage(), 'simple-told')
    await app.open()
    await app.apply('examples/kulta/simple/rollout.yaml', (object: KubeObject) => {
      const { spec, ...rollout } = object as Rollout
      return { ...rollout, spec: { ...spec, replicas: 1, strategy: { simple: {} } } } as KubeObject
    })
    await app.comesTo('Completed')
    await until(() => seen('simple-told').length === 2)
    expect(seen('simple-told').map(([type]) => type)).toEqual(['deployed', 'published'])
    await until(() => words('simple-told').length === 2)
    expect(words('simple-told')).toEqual([
      'rolling.rollout.progressing',
      'rolling.rollout.completed',
    ])
  })

  test('blue-green tells deployed with its preview, published with its promotion, and nothing when pods come home', async () => {
    const app = new Player(stage(), 'bg-told')
    await app.open()
    await app.apply('examples/kulta/blue-green/gateway.yaml')
    await app.apply('examples/kulta/blue-green/rollout.yaml', (object: KubeObject) => {
      const { spec, ...rollout } = object as Rollout
      return { ...rollout, spec: { ...spec, replicas: 1 } } as KubeObject
    })
    for (const version of ['v2.0.0', 'v2.1.0']) {
      if (version !== 'v2.0.0') await app.image(version)
      await app.comesTo('Preview', ({ message }) => /waits until/.test(message ?? ''))
      await app.annotate('kulta.io/promote', 'true')
      await app.comesTo('Completed')
    }
    await until(() => seen('bg-told').length === 4)
    expect(seen('bg-told').map(([type]) => type)).toEqual([
      'deployed',
      'published',
      'deployed',
      'published',
    ])
    expect(words('bg-told')[0]).toBe('bluegreen.rollout.progressing')
  })

  test('A/B tells its conclusion as published, with what was counted', async () => {
    const app = new Player(stage(), 'ab-told')
    await app.open()
    await app.apply('examples/kulta/ab-testing/gateway.yaml')
    await app.apply('examples/kulta/ab-testing/rollout.yaml')
    await app.comesTo('Completed')
    await app.image('v2.1.0')
    await app.comesTo('Experimenting', ({ message }) => /compared/.test(message ?? ''))
    await app.annotate('kulta.io/conclude-experiment', '')
    await app.comesTo('Concluded')
    await until(() => seen('ab-told').length >= 4)
    expect(seen('ab-told')).toEqual([
      ['deployed', 'initialization'],
      ['published', 'completed'],
      ['deployed', 'initialization'],
      ['published', 'experiment_concluded'],
    ])
    const last = told().findLast(({ data }) => data.subject.id.endsWith('/experiment-concluded'))
    expect(last?.data.customData.kulta).toMatchObject({
      strategy: 'ab-testing',
      experiment: {
        started_at: expect.any(String),
        concluded_at: expect.any(String),
        conclusion_reason: 'ManualConclusion',
        metrics: [],
      },
    })
    expect(last?.data.customData.kulta['step']).toBeUndefined()
    await until(() => words('ab-told').at(-1) === 'abtesting.rollout.completed')
  })
})

test('whatever was told, by every strategy, is what the published schemas ask for', () => {
  expect(told().length).toBeGreaterThan(14)
  expect(told().flatMap(({ type, data }) => problemsOfCdEvent(type, data))).toEqual([])
  const [first] = told()
  const spoilt = { ...first?.data, more: 1, subject: { id: 'x', content: {} } }
  expect(problemsOfCdEvent(first?.type ?? '', spoilt)).toEqual([
    'data.subject.content.environment is missing',
    'data.subject.content.artifactId is missing',
    'data.more is unknown',
  ])
})
