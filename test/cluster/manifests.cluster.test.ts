/** Manifests under the programs that others use on them: Helm, kubeconform and promtool. */
import { execFile } from 'node:child_process'
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alerts, runbooks } from '../../scripts/deploy/alerts.ts'
import { findProgram } from '../../src/cli/local/binaries.ts'
import type { PolicyRule } from '../../src/cli/rbac.ts'
import { problemsOf } from '../deploy/checks.ts'
import { type Manifest, manifestsOf, nameOf, ofKind, podOf } from '../deploy/manifest.ts'
import { writeSchemas } from '../deploy/schemas.ts'
import { findManifestPrograms, type ManifestPrograms } from './manifest-programs.ts'
import { findPrometheus } from './prometheus/program.ts'

const folder = mkdtempSync(join(tmpdir(), 'headgate-manifests-'))
afterAll(() => rmSync(folder, { recursive: true }))
const run = promisify(execFile)
const quiet = (): undefined => undefined
const large = { maxBuffer: 64 * 1024 * 1024 }
const chart = 'deploy/helm/headgate'

let programs: ManifestPrograms
let kubectl: string
beforeAll(async () => {
  programs = await findManifestPrograms(quiet)
  kubectl = await findProgram('kubectl', quiet)
  await writeSchemas(folder)
})

async function template(...values: readonly string[]): Promise<readonly Manifest[]> {
  return manifestsOf(await templateText(...values))
}

async function templateText(...values: readonly string[]): Promise<string> {
  const set = values.flatMap((value) => ['--set', value])
  const args = ['template', 'headgate', chart, '--namespace', 'headgate-system', ...set]
  return (await run(programs.helm, args, large)).stdout
}

async function kustomized(path: string): Promise<string> {
  return (await run(kubectl, ['kustomize', `deploy/kustomize/${path}`], large)).stdout
}

const all = 'doors.superposition.enabled=true,doors.deployer.enabled=true,dashboard.enabled=true'
const monitored =
  'metrics.serviceMonitor.enabled=true,prometheusRule.enabled=true,grafanaDashboard.enabled=true'
const choices: readonly (readonly [string, readonly string[]])[] = [
  ['as it is', []],
  ['with all doors and monitoring', [all, monitored]],
  ['with no other door', ['doors.kulta.enabled=false,doors.canaryapp.enabled=false']],
  ['in one namespace', ['watchNamespaces={headgate-system},crds.install=false']],
  [
    'with Secrets and former leases',
    ['rbac.secretNamespaces={a,b}', 'doors.kulta.former=true', all],
  ],
  ['with one replica and no leadership', ['replicaCount=1', 'leaderElection.enabled=false']],
  ['by a digest', [`image.digest=sha256:${'a'.repeat(64)}`]],
]

describe('Helm', () => {
  test('lint finds nothing', async () => {
    const { stdout } = await run(programs.helm, ['lint', '--strict', chart])
    expect(stdout).toContain('1 chart(s) linted, 0 chart(s) failed')
  })

  test.each(choices)('%s, what is rendered keeps the checks', async (_, values) => {
    const rendered = await template(...values)
    expect(ofKind(rendered, 'Deployment')).toHaveLength(1)
    expect(problemsOf(rendered)).toEqual([])
  })

  test('it is what kustomize applies, but for labels and the namespace', async () => {
    const [helm, kustomize] = [await template(), manifestsOf(await kustomized('cluster'))]
    const names = (some: readonly Manifest[]) =>
      some.map(nameOf).filter((name) => !name.startsWith('Namespace'))
    expect(names(helm).toSorted()).toEqual(names(kustomize).toSorted())
    for (const object of helm) {
      const other = kustomize.find((one) => nameOf(one) === nameOf(object))
      expect(bare(object), nameOf(object)).toEqual(bare(other as Manifest))
    }
  })

  test('in one namespace there are Roles alone', async () => {
    const rendered = await template('watchNamespaces={headgate-system}', 'crds.install=false')
    expect(ofKind(rendered, 'ClusterRole', 'ClusterRoleBinding')).toEqual([])
    const args = rendered.flatMap((one) => podOf(one)?.containers[0]?.args ?? [])
    expect(args).toContain('--namespace=$(POD_NAMESPACE)')
  })

  test('definitions outlive the chart unless somebody says otherwise', async () => {
    const policy = async (...values: readonly string[]) =>
      ofKind(await template(...values), 'CustomResourceDefinition').map(
        ({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'],
      )
    expect(await policy()).toEqual(['keep', 'keep', 'keep'])
    expect(await policy('crds.keep=false')).toEqual([undefined, undefined, undefined])
    expect(await policy('crds.install=false')).toEqual([])
  })

  test('alerts lead to where the runbooks are said to be', async () => {
    const linksOf = async (...values: readonly string[]): Promise<readonly string[]> => {
      const text = await templateText('prometheusRule.enabled=true', ...values)
      return [...text.matchAll(/runbook_url: (\S+)/g)].map(([, url = '']) => url)
    }
    const own = 'https://wiki.example.com/runbooks'
    const named = (base: string) => alerts.map(({ name }) => `${base}#${name.toLowerCase()}`)
    expect(await linksOf()).toEqual(named(runbooks))
    expect(await linksOf(`prometheusRule.runbookUrl=${own}`)).toEqual(named(own))
  })

  test.each([
    ['prometheusRule.runbookUrl=a#b', '/prometheusRule/runbookUrl'],
    ['replicaCount=two', '/replicaCount'],
    ['doors.kulta.enable=true', "additional properties 'enable' not allowed"],
    ['image.digest=latest', '/image/digest'],
    ['logLevel=loud', '/logLevel'],
    ['watchNamespaces={a,b}', '/watchNamespaces'],
    ['watchNamespaces={shop}', 'install the release there'],
    ['leaderElection.enabled=false', 'set replicaCount to 1'],
  ])('%s is refused with a sentence', async (value, why) => {
    await expect(template(value)).rejects.toThrow(why)
  })
})

/** Without what only names who wrote it; ports and rules in one order. */
function bare({ metadata, ...object }: Manifest): unknown {
  const { rules, spec, ...rest } = object
  const sorted = rules?.toSorted((a: PolicyRule, b: PolicyRule) =>
    JSON.stringify(a).localeCompare(JSON.stringify(b)),
  )
  const text = JSON.stringify({ ...rest, spec, rules: sorted, name: metadata.name })
  return JSON.parse(text, (key, value: unknown) => {
    if (['labels', 'matchLabels', 'selector', 'imagePullPolicy'].includes(key)) return undefined
    return key === 'ports' && Array.isArray(value)
      ? value.map((port: object) => JSON.stringify(Object.entries(port).toSorted())).toSorted()
      : value
  }) as unknown
}

test.each([
  ...['cluster', 'namespaced', 'overlays/kulta', 'overlays/superposition'].map((path) => [path]),
  ['overlays/canaryapp'],
  ['overlays/deployer'],
  ['Helm'],
])('kubeconform: %s', async (path) => {
  const file = join(folder, 'rendered.yaml')
  writeFileSync(file, path === 'Helm' ? await templateText(all, monitored) : await kustomized(path))
  const skipped = ['-skip', 'ServiceMonitor,PrometheusRule']
  expect(await conform(...skipped, file)).toMatch(/Valid: [1-9]\d+, Invalid: 0, Errors: 0/)
})

test('kubeconform: every example', async () => {
  const files = globSync('examples/**/*.yaml').filter((path) => !path.includes('argocd-app'))
  expect(await conform(...files)).toMatch(/Valid: [3-9]\d, Invalid: 0, Errors: 0, Skipped: 0/)
})

test('kubeconform notices what is wrong', async () => {
  const file = join(folder, 'wrong.yaml')
  writeFileSync(
    file,
    (await kustomized('cluster')).replace('maxUnavailable: 1', 'maxUnavailabel: 1'),
  )
  await expect(conform(file)).rejects.toMatchObject({
    stdout: expect.stringContaining('maxUnavailabel'),
  })
})

async function conform(...words: readonly string[]): Promise<string> {
  const where = join(folder, '{{.Group}}_{{.ResourceAPIVersion}}_{{.ResourceKind}}.json')
  const args = ['-strict', '-summary', '-schema-location', where, ...words]
  return (await run(programs.kubeconform, args, large)).stdout
}

describe('promtool', () => {
  const rules = `${chart}/files/alerts.yaml`

  test('check rules', async () => {
    const { promtool } = await findPrometheus(quiet)
    const { stdout } = await run(promtool, ['check', 'rules', rules])
    expect(stdout).toContain('SUCCESS: 10 rules found')
  })

  const of = (release: string, more = ''): string =>
    `{door="headgate", namespace="default", release="${release}"${more}}`
  const phase = (release: string, name: string): string =>
    `headgate_release_phase${of(release, `, phase="${name}"`)}`
  const labels = { door: 'headgate', namespace: 'default' }

  const rows: readonly (readonly [string, Series, string, readonly object[]])[] = [
    [
      'a release that does not move is told, one that moves or is paused is not',
      {
        [phase('shop', 'Progressing')]: '1x200',
        [`headgate_release_step${of('shop')}`]: '1x200',
        [phase('forum', 'Progressing')]: '1x200',
        [`headgate_release_weight${of('forum', ', role="canary"')}`]: '0+1x200',
        [phase('news', 'Paused')]: '1x200',
      },
      'HeadgateReleaseStuck',
      [{ ...labels, release: 'shop', phase: 'Progressing' }],
    ],
    [
      'one that failed is told',
      { [phase('shop', 'Failed')]: '1x200', [phase('forum', 'Completed')]: '1x200' },
      'HeadgateReleaseFailed',
      [{ ...labels, release: 'shop', phase: 'Failed' }],
    ],
    ['no leader', { 'headgate_leader{pod="a"}': '0x200' }, 'HeadgateNoLeader', [{}]],
    [
      'one leader of two is none',
      { 'headgate_leader{pod="a"}': '1x200', 'headgate_leader{pod="b"}': '0x200' },
      'HeadgateSeveralLeaders',
      [],
    ],
    ['nobody', { 'up{pod="a"}': '0x200' }, 'HeadgateAbsent', [{}]],
    [
      'passes that end with errors',
      { 'headgate_passes_total{result="error"}': '0+1x200' },
      'HeadgatePassesFail',
      [{}],
    ],
    [
      'passes that do not',
      { 'headgate_passes_total{result="success"}': '0+1x200' },
      'HeadgatePassesFail',
      [],
    ],
  ]

  test.each(rows)('%s', async (_, series, alert, expected) => {
    const { promtool } = await findPrometheus(quiet)
    const file = join(folder, 'alerts-test.json')
    writeFileSync(file, JSON.stringify(ruleTest(resolve(rules), series, alert, expected)))
    const { stdout } = await run(promtool, ['test', 'rules', file])
    expect(stdout).toContain('SUCCESS')
  })
})

type Series = Readonly<Record<string, string>>

/** After 150 minutes, exactly these fire; JSON is YAML. */
function ruleTest(
  rules: string,
  series: Series,
  alertname: string,
  expected: readonly object[],
): object {
  const rule = alerts.find(({ name }) => name === alertname)
  const filled = (text: string, labels: object): string =>
    text.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, name: string) =>
      String((labels as Readonly<Record<string, unknown>>)[name]),
    )
  const input_series = Object.entries(series).map(([name, values]) => ({ series: name, values }))
  const exp_alerts = expected.map((labels) => ({
    exp_labels: { severity: rule?.severity, ...labels },
    exp_annotations: {
      summary: filled(rule?.summary ?? '', labels),
      description: filled(rule?.description ?? '', labels),
      runbook_url: `RUNBOOK_URL#${alertname.toLowerCase()}`,
    },
  }))
  const alert_rule_test = [{ eval_time: '150m', alertname, exp_alerts }]
  return {
    rule_files: [rules],
    evaluation_interval: '1m',
    tests: [{ interval: '1m', input_series, alert_rule_test }],
  }
}
