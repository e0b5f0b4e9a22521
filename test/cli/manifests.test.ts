/** Manifests before they are applied, by the real program: lint, simulate, and a first one by init. */
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { Release } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { releaseOf, routeOf } from '../../bench/objects.ts'
import { isAtRest, sharedGround } from './ground.ts'

const ground = sharedGround()
const canary = 'examples/canary/release.yaml'

describe('lint', () => {
  test('says what is wrong, where, and what is doubtful: exit code 3', async () => {
    const steps = [{ weight: 60 }, { wieght: 70 }, { weight: 20 }]
    const spec = { strategy: { canary: { steps } }, replcas: 3 }
    const wrong = { ...releaseOf('shop', '0s', spec) }
    const { code, out } = await ground().run(`lint ${ground().file('wrong.json', wrong)}`)
    expect(code).toBe(3)
    expect(out).toMatch(/^headgate\/shop: error: spec\.strategy\.canary\.steps\[1\]: /m)
    expect(out).toMatch(/error: spec\.replcas: is no field of it; the server would drop it/)
    expect(out).toMatch(/error: spec\.strategy\.canary\.steps\[1\]\.wieght: is no field/)
  })

  test('doubts alone are warnings: exit code 0, and 3 with --strict', async () => {
    const doubtful = releaseOf('shop', '0s', {
      strategy: { canary: { steps: [{ weight: 60 }, { weight: 20 }] } },
    })
    const file = ground().file('doubtful.json', doubtful)
    const [plain, strict, json] = await Promise.all([
      ground().run(`lint ${file}`),
      ground().run(`lint --strict ${file}`),
      ground().run(`lint -o json ${file}`),
    ])
    expect([plain.code, strict.code, json.code]).toEqual([0, 3, 0])
    for (const words of [
      'warning: spec.analysis: nothing judges the candidate',
      'warning: spec.strategy.canary.steps: no step takes time',
      'warning: spec.strategy.canary.steps: weight 20 comes after a greater one',
      'warning: spec.template.spec.containers[app].readinessProbe: left out',
    ])
      expect(plain.out).toContain(words)
    expect((JSON.parse(json.out) as { releases: unknown[] }).releases).toHaveLength(1)
  })

  test('the examples have nothing to complain about', async () => {
    const { code, out } = await ground().run('lint examples/canary examples/blue-green')
    expect(code).toBe(0)
    expect(out).not.toContain('error')
  })
})

describe('simulate', () => {
  const simulated = async (words: string): Promise<string> => {
    const { code, out, err } = await ground().run(`simulate ${canary} ${words}`)
    expect([code, err]).toEqual([0, ''])
    return out
  }

  test('a good history promotes, a bad one is turned back by the very judge, no data holds', async () => {
    const [good, bad, none] = await Promise.all([
      simulated('--synthetic errors=1~0.5'),
      simulated('--synthetic errors=1~0.5,9@12s'),
      simulated('--synthetic errors=none'),
    ])
    expect(good).toMatch(/^headgate\/shop: promoted after 26s\n/)
    expect(bad).toMatch(
      /^headgate\/shop: rolled back after 16s: AnalysisFailed: .* had 2 bad samples of at most 1: 9, 9 \(max 5\)\n/,
    )
    expect(bad).toMatch(/\n {2}12s +canary errors: 2 samples failing: 9\n {2}13s +Retreat: /)
    expect(none).toMatch(/^headgate\/shop: neither promoted nor rolled back .*WaitingForMetrics/)
  })

  test('it takes as long as its plan, and both say what they assume of the gateway', async () => {
    const took = (out: string): string | undefined => /(\d+s)\b/.exec(out)?.[1]
    const assumptions = (out: string): readonly string[] => out.match(/^ {2}assumed: .*$/gm) ?? []
    const settled = ground().file('settled.json', {
      ...releaseOf('shop', '0s', { strategy: { canary: { steps: [{ weight: 50 }] } } }),
    })
    for (const file of [canary, settled]) {
      const [plan, simulation] = await Promise.all([
        ground().run(`plan --offline ${file}`),
        ground().run(`simulate ${file}`),
      ])
      expect(took(simulation.out)).toBe(took(plan.out))
      expect(assumptions(simulation.out)).toEqual(assumptions(plan.out))
      const unknown = /which gateway it is is not known: it is given 3s to follow its own word/
      expect(unknown.test(simulation.out)).toBe(file === canary)
    }
  })

  test('a recorded history: lines, and the answer of a range query', async () => {
    const lines = Array.from({ length: 30 }, (_, second) => `${second},${second < 9 ? 1 : 7.5}`)
    const csv = ground().file('history.csv')
    const values = lines.map((line) => {
      const [second = '', value = ''] = line.split(',')
      return [1_700_000_000 + Number(second), value] as const
    })
    const answer = {
      status: 'success',
      data: { resultType: 'matrix', result: [{ metric: {}, values }] },
    }
    const json = ground().file('history.json', answer)
    const { writeFileSync } = await import('node:fs')
    writeFileSync(csv, `time,value\n${lines.join('\n')}\n`)
    const [one, other] = await Promise.all([
      simulated(`--history errors=${csv}`),
      simulated(`--history errors=${json}`),
    ])
    expect(one).toMatch(/rolled back after 13s: AnalysisFailed/)
    expect(other).toBe(one)
  })

  test('many runs print shares; an expectation that fails is exit code 4', async () => {
    const runs = await simulated('--synthetic errors=4~1 --runs 50')
    const [, promoted = '', back = ''] = /promoted (\d+) .*\n.*rolled back (\d+) /.exec(runs) ?? []
    expect(Number(promoted) + Number(back)).toBe(50)
    expect(Number(promoted)).toBeGreaterThan(0)
    expect(Number(back)).toBeGreaterThan(0)
    const line = `simulate ${canary} --synthetic errors=9 -o json`
    const [met, failed] = await Promise.all([
      ground().run(`${line} --expect rolled-back`),
      ground().run(`${line} --expect promoted`),
    ])
    expect([met.code, failed.code]).toEqual([0, 4])
    expect(JSON.parse(met.out)).toMatchObject({ simulations: [{ outcome: 'rolledBack' }] })
  })

  const rows: readonly (readonly [string, string, RegExp])[] = [
    [
      'a metric that it has not',
      '--synthetic latency=3',
      /shop has no metric latency; it has errors/,
    ],
    [
      'a shape that is none',
      '--synthetic errors=9@soon',
      /9@soon is no shape; write one like 0\.4~0\.1,9@5m/,
    ],
    ['a file that is missing', '--history errors=/none', /\/none cannot be read/],
    ['an expectation that is none', '--expect fine', /--expect fine is unknown; write promoted/],
  ]
  for (const [name, words, sentence] of rows) {
    test(`${name} is exit code 2`, async () => {
      const { code, err } = await ground().run(`simulate ${canary} ${words}`)
      expect(code).toBe(2)
      expect(err).toMatch(sentence)
    })
  }
})

describe('init', () => {
  const labels = { app: 'old' }
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'old', namespace: 'default' },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'app', image: 'old:v1', ports: [{ containerPort: 80 }] }] },
      },
    },
  }
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'old', namespace: 'default' },
    spec: { selector: labels, ports: [{ port: 80 }] },
  }

  test('finds Service and route, and what it writes is taken and serves', async () => {
    const { cluster, run, until } = ground()
    const { api } = cluster
    const route = routeOf('old')
    const backendRefs = [{ name: 'old', port: 80 }]
    await api.create(kinds.deployment, deployment)
    await api.create(kinds.service, service)
    await api.create(kinds.httpRoute, {
      ...route,
      spec: { ...route.spec, rules: [{ backendRefs }] },
    })
    const { code, out, err } = await run('init old')
    expect(code).toBe(0)
    expect(err).toContain('# Service old is stable; HTTPRoute old splits its traffic.')
    const objects = parseAllDocuments(out).map((document) => document.toJS() as KubeObject)
    expect(objects).toMatchObject([
      {
        kind: 'HTTPRoute',
        spec: {
          rules: [
            {
              backendRefs: [
                { name: 'old', weight: 100 },
                { name: 'old-canary', weight: 0 },
              ],
            },
          ],
        },
      },
      {
        kind: 'Release',
        spec: {
          replicas: 2,
          workloadRef: { name: 'old' },
          services: { stable: 'old', candidate: 'old-canary' },
          traffic: { router: 'gateway-api', route: 'old' },
        },
      },
    ])
    const plan = await run('plan -', { input: out })
    expect([plan.code, plan.err]).toEqual([0, ''])
    // Nobody needs the Deployment at hand to look at what was written for it.
    const [linted, offline, simulated] = await Promise.all(
      ['lint -', 'plan --offline -', 'simulate -'].map((line) => run(line, { input: out })),
    )
    expect([linted?.code, linted?.out]).toEqual([
      0,
      'headgate/old: warning: spec.analysis: nothing judges the candidate, nor does anybody; only pods that are not ready stop it\n',
    ])
    const assumed = '  assumed: Deployment old exists; its image is shown as the-next-version\n'
    expect([offline?.code, offline?.out]).toEqual([0, expect.stringContaining(assumed)])
    expect([simulated?.code, simulated?.out]).toEqual([0, expect.stringContaining(assumed)])
    expect(simulated?.out).toMatch(/^headgate\/old: promoted after /)
    const [written, release] = objects
    await api.patch(kinds.httpRoute, { namespace: 'default', name: 'old' }, 'merge', {
      spec: (written as unknown as { spec: object }).spec,
    })
    await api.create(kinds.release, release as Release)
    const { status } = await until('old', isAtRest)
    expect(status?.phase).toBe('Completed')
  })

  test('without a route, the number of pods is the split; without a Service there is nothing to split', async () => {
    const { cluster, run } = ground()
    const named = (name: string): typeof deployment => ({
      ...deployment,
      metadata: { ...deployment.metadata, name },
      spec: {
        ...deployment.spec,
        selector: { matchLabels: { app: name } },
        template: { ...deployment.spec.template, metadata: { labels: { app: name } } },
      },
    })
    await cluster.api.create(kinds.deployment, named('plain'))
    await cluster.api.create(kinds.deployment, named('alone'))
    await cluster.api.create(kinds.service, {
      ...service,
      metadata: { name: 'plain', namespace: 'default' },
      spec: { ...service.spec, selector: { app: 'plain' } },
    } as KubeObject)
    const [plain, alone, missing] = await Promise.all([
      run('init deployment/plain'),
      run('init alone'),
      run('init nobody'),
    ])
    expect(plain.out).toContain('router: service')
    const simulated = await run('simulate -', { input: plain.out })
    expect(simulated.out).toMatch(/^headgate\/plain: promoted after /)
    expect(alone.err).toMatch(
      /no Service in default selects the pods of Deployment alone; create one/,
    )
    expect(missing.err).toMatch(
      /no Deployment nobody in namespace default; there are alone, old, plain/,
    )
    expect([plain.code, alone.code, missing.code]).toEqual([0, 2, 2])
  })
})

describe('completion', () => {
  const proposed = async (...words: readonly string[]): Promise<readonly string[]> => {
    const { headgate } = await import('./ground.ts')
    const { out } = await headgate(['__complete', ...words], {
      env: { KUBECONFIG: ground().kubeconfig },
    })
    return out.trimEnd().split('\n')
  }

  test('proposes commands, options, values, and what the cluster knows', async () => {
    await ground().installed('shop', [{ weight: 50 }])
    const [commands, options, values, names, namespaces, contexts, files] = await Promise.all([
      proposed('pro'),
      proposed('get', '--sel'),
      proposed('get', '-o', 'j'),
      proposed('promote', 'sh'),
      proposed('get', '-n', 'def'),
      proposed('get', '--context', ''),
      proposed('plan', ''),
    ])
    // kubectl's flags may stand before the verb.
    expect(await proposed('-n', 'default', 'promote', 'sh')).toEqual(names)
    expect(await proposed('-n', 'def')).toEqual(namespaces)
    expect(await proposed('-n', 'default', 'pro')).toEqual(commands)
    expect(commands).toEqual([
      'promote\tlet the present step pass; with --full, all that are left',
      ':4',
    ])
    expect(options).toEqual(['--selector\tonly those with these labels', ':4'])
    expect(values).toEqual(['json', 'jsonpath=', ':4'])
    expect(names).toEqual(['shop\tCompleted', ':4'])
    expect(namespaces).toEqual(['default', ':4'])
    expect(contexts).toHaveLength(2)
    expect(files).toEqual([':0'])
  })

  test('who has no cluster gets no names, and no error', async () => {
    const { code, out, err } = await ground().run('__complete get sh --kubeconfig /none x')
    expect([code, out, err]).toEqual([0, ':4\n', ''])
  })
})
