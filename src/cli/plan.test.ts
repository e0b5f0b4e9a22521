/** `headgate plan` as people run it: without a cluster, and against one whose controller then does what was said. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Release } from '#core/api/release.ts'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Plan } from '#releases/plan/plan.ts'
import { type BenchCluster, startBenchCluster } from '../../bench/cluster.ts'
import { type Controlled, control } from '../../bench/controlled.ts'
import { install, isDone, namespace, releaseOf, routeOf, template } from '../../bench/objects.ts'

type Run = { readonly code: number | null; readonly out: string; readonly err: string }

function headgate(args: readonly string[], input?: string): Promise<Run> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['src/cli/main.ts', 'plan', ...args], { timeout: 30_000 })
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    child.on('close', (code) => resolve({ code, out, err }))
    child.stdin.end(input ?? '')
  })
}

const folder = mkdtempSync(join(tmpdir(), 'headgate-plan-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, ...objects: readonly unknown[]): string {
  const path = join(folder, name)
  writeFileSync(path, objects.map((object) => JSON.stringify(object)).join('\n---\n'))
  return path
}

function plansIn({ out }: Run): readonly Plan[] {
  return (JSON.parse(out) as { plans: readonly Plan[] }).plans
}

describe('without a cluster', () => {
  test('the example: steps in their order, with their writes and the time they take', async () => {
    const { code, out, err } = await headgate(['--offline', 'examples/canary'])
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^headgate default\/shop: canary, 26s besides the start of pods\n/)
    const order = ['+ ReplicaSet shop-', 'Start:', 'weight: 0 → 20', 'wait 5s: WaitingForPause']
    const places = [...order, 'WaitingForAnalysis', 'Complete:'].map((text) => out.indexOf(text))
    expect(places.every((place) => place > 0)).toBe(true)
    expect(places).toEqual(places.toSorted((one, other) => one - other))
    expect(out).toContain('spec.replicas: 3 → 0')
  })

  test('JSON and YAML say the same', async () => {
    const [json, yaml] = await Promise.all([
      headgate(['--offline', 'examples/canary', '-o', 'json']),
      headgate(['--offline', 'examples/canary', '-o', 'yaml']),
    ])
    const untimed = (plans: readonly Plan[]): unknown => plans[0]?.gates
    expect(untimed((parse(yaml.out) as { plans: readonly Plan[] }).plans)).toEqual(
      untimed(plansIn(json)),
    )
    const [plan] = plansIn(json)
    expect(plan).toMatchObject({ verdict: 'planned', expectedMs: 26_000, openWaits: 0 })
    expect(plan?.gates.map(({ kind, durationMs }) => [kind, durationMs])).toEqual([
      ['pause', 5000],
      ['analysis', 3000],
    ])
  })

  test('AD08: what the router cannot do is named, and the rest is planned', async () => {
    const traffic = { route: 'shop', extras: { compression: true } }
    const object = JSON.stringify(releaseOf('shop', '0s', { traffic }))
    const { code, out } = await headgate(['--offline', '-'], object)
    expect([code, out]).toEqual([
      0,
      expect.stringContaining('  left out: the router gateway-api cannot compress answers'),
    ])
  })

  test('an open wait is named, from standard input', async () => {
    const steps = [{ weight: 20 }, { pause: {} }]
    const object = releaseOf('shop', '0s', { strategy: { canary: { steps } } })
    const { code, out } = await headgate(['--offline', '-'], JSON.stringify(object))
    expect(code).toBe(0)
    expect(out).toContain('and one wait for somebody')
    expect(out).toContain('wait until somebody acts: WaitingForApproval')
    expect(out).toContain('assumed: HTTPRoute shop exists and sends its traffic to shop-stable')
  })

  test('a first install has no steps', async () => {
    const run = await headgate(['--offline', '--first', 'examples/canary', '-o', 'json'])
    const actions = plansIn(run)[0]?.steps.flatMap((step) =>
      step.kind === 'transition' ? [step.action] : [],
    )
    expect(actions).toEqual(['Complete'])
  })

  test('an experiment is planned as one that its candidate wins, and says so', async () => {
    const { code, out } = await headgate(['--offline', 'examples/experiment'])
    expect(code).toBe(0)
    expect(out).toContain('assumed: each candidate is clearly better than stable')
    expect(out).toMatch(/Conclude: b beats stable: .*\n[^]*Complete: /)
  })

  test('a version of the resource that its door converts is planned too', async () => {
    const { code, out } = await headgate(['--offline', 'examples/kulta/canary'])
    expect([code, out]).toEqual([0, expect.stringMatching(/^kulta default\/\S+: canary, /)])
  })

  test('what is wrong with it is refused, with the path and exit code 3', async () => {
    const bad = releaseOf('shop', '0s', { strategy: { canary: { steps: [{ weight: 200 }] } } })
    const { code, out } = await headgate(['--offline', file('bad.json', bad)])
    expect(code).toBe(3)
    expect(out).toMatch(/would be refused\n {2}refused: spec\.strategy\.canary\.steps\[0\]\.weight/)
  })

  const rows: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['nothing named', [], /name the manifests to plan/],
    ['a file that is missing', ['--offline', join(folder, 'none')], /none cannot be read/],
    ['an output that is unknown', ['--offline', '-o', 'xml', 'examples/canary'], /xml is unknown/],
    ['no release among them', ['--offline', 'examples/canary/route.yaml'], /is a release/],
    ['--first with a cluster', ['--first', 'examples/canary'], /--first is for --offline/],
  ]
  for (const [name, args, sentence] of rows) {
    test(`${name} is one sentence and exit code 2`, async () => {
      const { code, out, err } = await headgate(args)
      expect([code, out]).toEqual([2, ''])
      expect(err).toMatch(sentence)
      expect(err).not.toMatch(/\n\s+at /)
    })
  }
})

describe('against a cluster', () => {
  let cluster: BenchCluster
  let controlled: Controlled
  let kubeconfig: string
  beforeAll(async () => {
    cluster = await startBenchCluster()
    controlled = await control(cluster)
    kubeconfig = join(folder, 'kubeconfig')
    writeFileSync(kubeconfig, cluster.server.kubeconfig())
    await install(cluster, releaseOf('shop', '0s'))
    await done('shop')
  })
  afterAll(async () => {
    await controlled.stop()
    await cluster.stop()
  })

  function done(name: string, generation?: number): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isDone(cluster.releases.get(`${namespace}/${name}`), 'Completed', generation)) return
        stop()
        resolve()
      }
      const stop = cluster.releases.subscribe(look)
      look()
    })
  }

  async function everything(): Promise<string> {
    const lists = await Promise.all(
      [kinds.release, kinds.replicaSet, kinds.service, kinds.httpRoute].map((kind) =>
        cluster.api.list<KubeObject>(kind),
      ),
    )
    // The controller beside it goes on writing status.
    return JSON.stringify(
      lists.map(({ items }) =>
        items.map(({ metadata, ...object }) => ({
          name: metadata.name,
          generation: metadata.generation,
          labels: metadata.labels,
          spec: (object as { readonly spec?: unknown }).spec,
        })),
      ),
    )
  }

  const next = (): Release => ({
    ...releaseOf('shop', '0s', { template: template('shop', 'shop:v2') }),
  })

  test('what runs already would not change', async () => {
    const run = await headgate([
      '--kubeconfig',
      kubeconfig,
      file('same.json', releaseOf('shop', '0s')),
    ])
    expect(run).toEqual({ code: 0, out: 'headgate default/shop: nothing would change\n', err: '' })
  })

  test('the controller does what the plan says, write by write; and planning writes nothing', async () => {
    const before = await everything()
    const run = await headgate([
      '--kubeconfig',
      kubeconfig,
      '-o',
      'json',
      file('next.json', next()),
    ])
    expect(run.err).toBe('')
    expect(run.code).toBe(0)
    expect(await everything()).toBe(before)
    const [plan] = plansIn(run)
    const planned = plan?.steps.flatMap((step) => {
      if (step.kind !== 'write' || step.object !== 'HTTPRoute shop') return []
      return [step.changes.map(({ to }) => to)]
    })

    const seen: unknown[] = []
    const weights = (route: HttpRoute): readonly unknown[] =>
      (route.spec.rules?.[0]?.backendRefs ?? []).map(({ weight }) => weight)
    const stop = cluster.routes.subscribe((change) => {
      if (change.type !== 'put' || change.before === undefined) return
      if (JSON.stringify(weights(change.before)) !== JSON.stringify(weights(change.now)))
        seen.push(weights(change.now))
    })
    const body = { spec: next().spec }
    const { metadata } = await cluster.api.patch<Release>(
      kinds.release,
      { namespace, name: 'shop' },
      'merge',
      body,
    )
    await done('shop', metadata.generation)
    stop()
    expect(planned).toEqual(seen)
    expect(planned?.length).toBe(6)
  })

  test('what the schema refuses is said in the words of the server, with exit code 3', async () => {
    const bad = releaseOf('shop', '0s', { replicas: -1 })
    const { code, out } = await headgate(['--kubeconfig', kubeconfig, file('negative.json', bad)])
    expect(code).toBe(3)
    expect(out).toMatch(/refused: .*replicas/)
  })

  test('a route that is missing is refused before anything is created', async () => {
    const { code, out } = await headgate(
      ['--kubeconfig', kubeconfig, '-'],
      JSON.stringify(releaseOf('lost', '0s')),
    )
    expect(code).toBe(3)
    expect(out).toMatch(/refused: RouteMissing/)
  })

  test('a route that is applied beside it counts as there', async () => {
    const { code, out } = await headgate([
      '--kubeconfig',
      kubeconfig,
      file('both.json', routeOf('fresh'), releaseOf('fresh', '0s')),
    ])
    expect(code).toBe(0)
    expect(out).toContain('assumed: HTTPRoute fresh is applied too')
  })

  test('a rival that came first is named', async () => {
    const rival = releaseOf('rival', '0s', {
      services: { stable: 'shop-stable', candidate: 'rival-canary' },
    })
    await cluster.api.create(kinds.httpRoute, routeOf('rival'))
    const { code, out } = await headgate(['--kubeconfig', kubeconfig, '-'], JSON.stringify(rival))
    expect(code).toBe(3)
    expect(out).toMatch(
      /refused: RivalRelease: headgate\/default\/shop governs Service shop-stable/,
    )
  })

  test('a server that is not there is one sentence and exit code 1', async () => {
    const away = join(folder, 'away')
    writeFileSync(away, cluster.server.kubeconfig().replace(/127\.0\.0\.1:\d+/, '127.0.0.1:9'))
    const { code, out, err } = await headgate(['--kubeconfig', away, 'examples/canary'])
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(/127\.0\.0\.1:9/)
  })
})
