/** What the real kubectl makes of deploy/kustomize: each part on or off, in the whole cluster or in one namespace. */

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { alerts } from '../../scripts/deploy/alerts.ts'
import { features } from '../../scripts/deploy/features.ts'
import { ourNames } from '../../scripts/deploy/names.ts'
import { deployment, service } from '../../scripts/deploy/workload.ts'
import { problemsOf } from './checks.ts'
import { type Manifest, manifestsOf, nameOf, ofKind, podOf } from './manifest.ts'

const kubectl = process.env['HEADGATE_KUBECTL'] ?? 'kubectl'
const folder = mkdtempSync(join(tmpdir(), 'headgate-kustomize-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What a kustomization of these lines is rendered to. */
function rendered(...lines: readonly string[]): readonly Manifest[] {
  const own = join(folder, 'own')
  mkdirSync(own, { recursive: true })
  const head = ['apiVersion: kustomize.config.k8s.io/v1beta1', 'kind: Kustomization']
  writeFileSync(join(own, 'kustomization.yaml'), `${[...head, ...lines].join('\n')}\n`)
  return built(own)
}

function built(path: string): readonly Manifest[] {
  return manifestsOf(
    execFileSync(kubectl, ['kustomize', path], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }),
  )
}

const at = (path: string): string =>
  relative(join(folder, 'own'), resolve('deploy/kustomize', path))

/** Without the parts that `cluster/kustomization.yaml` has, so that a test can say which are on. */
function withParts(names: readonly string[]): readonly Manifest[] {
  const files = ['namespace', 'crds', 'roles', 'people']
  return [
    ...files.flatMap((name) => manifestsOf(readText(`cluster/${name}.yaml`))),
    ...rendered(
      `resources: [${at('base')}]`,
      ...(names.length === 0
        ? []
        : ['components:', ...names.map((name) => `  - ${at(`cluster/${name}`)}`)]),
    ),
  ]
}

function readText(path: string): string {
  return readFileSync(resolve('deploy/kustomize', path), 'utf8')
}

describe.each([
  'cluster',
  'namespaced',
  'overlays/kulta',
  'overlays/canaryapp',
  'overlays/deployer',
])('kubectl kustomize deploy/kustomize/%s', (path) => {
  test('keeps the checks', () => {
    const all = built(`deploy/kustomize/${path}`)
    expect(ofKind(all, 'Deployment')).toHaveLength(1)
    expect(problemsOf(all)).toEqual([])
  })
})

test('in one namespace there are Roles alone, and only that namespace is looked at', () => {
  const all = rendered(`resources: [${at('namespaced')}]`, 'namespace: shop')
  expect(ofKind(all, 'ClusterRole', 'ClusterRoleBinding', 'Namespace')).toEqual([])
  expect(new Set(all.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['shop']))
  const subjects = ofKind(all, 'RoleBinding').flatMap((one) => one.subjects ?? [])
  expect(new Set(subjects.map(({ namespace }) => namespace))).toEqual(new Set(['shop']))
  expect(argsOf(all)).toContain('--namespace=$(POD_NAMESPACE)')
  expect(problemsOf(all)).toEqual([])
})

test('in one namespace, the right to read its Secrets is a component', () => {
  const all = rendered(
    `resources: [${at('namespaced')}]`,
    `components: [${at('namespaced/secrets')}]`,
  )
  const may = ofKind(all, 'Role').flatMap((one) => one.rules ?? [])
  expect(may).toContainEqual({ apiGroups: [''], resources: ['secrets'], verbs: ['get'] })
  expect(problemsOf(all)).toEqual([])
})

function argsOf(all: readonly Manifest[]): readonly string[] {
  return all.flatMap((one) => podOf(one)?.containers ?? []).flatMap(({ args = [] }) => args)
}

const names = features.map(({ name }) => name)
const subsets: readonly (readonly string[])[] = [
  [],
  ...names.map((name) => [name]),
  ...names.map((name) => names.filter((other) => other !== name)),
  names,
]

test('each part, all but each, none and all of them keep the checks and are what the generator means', () => {
  for (const on of subsets) {
    const all = withParts(on)
    expect(problemsOf(all), on.join()).toEqual([])
    // Each part adds to what runs in the order in which it is named.
    const meant = { names: ourNames, features: on.map((name) => featureOf(name)) }
    for (const object of [deployment(meant), service(meant)]) {
      const found = all.find((one) => nameOf(one) === nameOf(object as Manifest))
      expect(ordered(found), on.join()).toEqual(ordered(object))
    }
    const crds = ofKind(all, 'CustomResourceDefinition').map(({ metadata }) => metadata.name)
    expect(crds, on.join()).toEqual(
      [
        'releases.headgate.dev',
        ...on.flatMap((name) => featureOf(name).crds.map(({ metadata }) => metadata.name)),
      ].toSorted((a, b) => crds.indexOf(a) - crds.indexOf(b)),
    )
  }
})

/** Ports by their names: where two parts share one, kustomize has its own order. */
function ordered(object: unknown): unknown {
  return JSON.parse(JSON.stringify(object), (key, value: unknown) =>
    key === 'ports' && Array.isArray(value)
      ? value
          .map((port) => JSON.stringify(port, ['containerPort', 'name', 'port', 'targetPort']))
          .toSorted()
      : value,
  )
}

function featureOf(name: string): (typeof features)[number] {
  const found = features.find((one) => one.name === name)
  if (found === undefined) throw new Error(`no feature ${name}`)
  return found
}

test('monitoring adds what the operator and Grafana look for', () => {
  const all = rendered(
    `resources: [${at('cluster')}]`,
    `components: [${at('components/monitoring')}]`,
  )
  expect(ofKind(all, 'ServiceMonitor', 'PrometheusRule').map(nameOf)).toEqual([
    'PrometheusRule headgate-system/headgate',
    'ServiceMonitor headgate-system/headgate',
  ])
  expect(problemsOf(all)).toEqual([])
})

test('alerts lead to the runbooks of the project, or to where the guide says that they are', () => {
  const [printed = ''] =
    /configMapGenerator:[\s\S]*?(?=```)/.exec(readFileSync('docs/install.md', 'utf8')) ?? []
  const links = (...more: readonly string[]): readonly string[] => {
    const parts = [`resources: [${at('cluster')}]`, `components: [${at('components/monitoring')}]`]
    const all = rendered(...parts, ...more)
    expect(all.map(nameOf).join()).not.toContain('headgate-runbooks')
    const [rule] = ofKind(all, 'PrometheusRule')
    return JSON.stringify(rule?.spec).match(/"runbook_url":"[^"]*"/g) ?? []
  }
  const leading = (base: string) =>
    alerts.map(({ name }) => `"runbook_url":"${base}#${name.toLowerCase()}"`)
  expect(links()).toEqual(leading('docs/runbooks.md'))
  expect(links(printed)).toEqual(leading('https://wiki.example.com/headgate/runbooks'))
})

test.each(['kulta', 'canaryapp'])('former-%s leads by the lease of the original', (door) => {
  const all = rendered(
    `resources: [${at('cluster')}]`,
    `components: [${at(`cluster/former-${door}`)}]`,
  )
  const role = all.find(({ metadata }) => metadata.name === `headgate-for-${door}`)
  expect(role?.metadata.namespace).toBe(door === 'kulta' ? 'kulta-system' : 'canaryop-system')
  expect(problemsOf(all)).toEqual([])
})
