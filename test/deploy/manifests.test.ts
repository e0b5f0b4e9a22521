/** What stands under deploy/: it is what the generator writes, keeps the checks, and bears the names that documents use. */
import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { faces } from '#doors/faces.ts'
import { doors } from '#doors/register.ts'
import { alerts, runbooks } from '../../scripts/deploy/alerts.ts'
import { base, features, together } from '../../scripts/deploy/features.ts'
import { generated, stale, strangers } from '../../scripts/deploy.ts'
import {
  controllerRules,
  dashboardRules,
  type PolicyRule,
  webhookRules,
} from '../../src/cli/rbac.ts'
import { faceRules } from '../../src/cli/rbac-faces.ts'
import { problemsOf } from './checks.ts'
import { type Manifest, manifestsOf, nameOf, ofKind, podOf } from './manifest.ts'

test('it is what `node scripts/deploy.ts` writes', () => {
  const files = generated()
  expect(stale(files)).toEqual([])
  expect(strangers(files)).toEqual([])
})

function overlay(door: string): readonly Manifest[] {
  const files = globSync(`deploy/kustomize/overlays/${door}/**/*.yaml`).filter(
    (path) => !path.endsWith('kustomization.yaml'),
  )
  return files.flatMap((path) => manifestsOf(readFileSync(path, 'utf8')))
}

const overlays = ['kulta', 'canaryapp', 'superposition', 'deployer'] as const

test.each(overlays)('the overlay %s keeps the checks', (door) => {
  const all = overlay(door)
  expect(all.length).toBeGreaterThan(10)
  expect(problemsOf(all)).toEqual([])
})

describe('names of the documents', () => {
  const names = (door: string): readonly string[] => overlay(door).map(nameOf)
  const find = (door: string, kind: string): Manifest => {
    const [found] = ofKind(overlay(door), kind)
    if (found === undefined) throw new Error(`${door} has no ${kind}`)
    return found
  }

  test('K83: Namespace, Deployment, Service, account and roles of KULTA, with its ports and sizes', () => {
    expect(names('kulta')).toEqual(
      expect.arrayContaining([
        'Namespace kulta-system',
        'Deployment kulta-system/kulta-controller',
        'Service kulta-system/kulta-controller',
        'ServiceAccount kulta-system/kulta-controller',
        'ClusterRole kulta-controller',
        'ClusterRoleBinding kulta-controller',
        'CustomResourceDefinition rollouts.kulta.io',
      ]),
    )
    const { ports } = find('kulta', 'Service').spec as { ports: readonly { port: number }[] }
    expect(ports.map(({ port }) => port)).toEqual([8080, 8443, 9090])
    expect(podOf(find('kulta', 'Deployment'))?.containers[0]).toMatchObject({
      args: expect.arrayContaining(['--webhook-service=$(POD_NAMESPACE)/kulta-controller']),
      resources: {
        requests: { cpu: '100m', memory: '128Mi' },
        limits: { cpu: '500m', memory: '512Mi' },
      },
    })
  })

  test('C22, C23: namespace, Deployment, container and account of canaryop', () => {
    expect(names('canaryapp')).toEqual(
      expect.arrayContaining([
        'Namespace canaryop-system',
        'Deployment canaryop-system/canaryop-controller-manager',
        'ServiceAccount canaryop-system/canaryop-controller-manager',
      ]),
    )
    const pod = podOf(find('canaryapp', 'Deployment'))
    expect(pod?.containers.map(({ name }) => name)).toEqual(['manager'])
    expect(pod?.containers[0]?.ports).toEqual([{ name: 'http', containerPort: 8080 }])
  })

  test('C24: its role may do what the door does, and leads by both leases', () => {
    const role = overlay('canaryapp').find(
      ({ metadata }) => metadata.name === 'canaryop-manager-role',
    )
    const resources = (role?.rules ?? []).flatMap((rule) =>
      rule.resources.map((resource) => `${rule.apiGroups.join()}/${resource}`),
    )
    expect(resources).toEqual(
      expect.arrayContaining([
        'apps/deployments',
        '/services',
        'networking.istio.io/virtualservices',
        'networking.istio.io/destinationrules',
        'networking.istio.io/gateways',
        'canary.atze.io/canaryapps',
        'canary.atze.io/canaryapps/finalizers',
        'canary.atze.io/canaryapps/status',
      ]),
    )
    const own = overlay('canaryapp').find(
      ({ metadata }) => metadata.name === 'canaryop-leader-election-role',
    )
    expect((own?.rules ?? []).flatMap(({ resourceNames = [] }) => resourceNames)).toEqual([
      'headgate',
      '4d29ed56.atze.io',
    ])
  })

  test('M16: one ClusterRole mayday-deployer', () => {
    const bound = ofKind(overlay('superposition'), 'ClusterRoleBinding')
    expect(bound.map(({ roleRef }) => roleRef?.name)).toEqual(['mayday-deployer'])
    const rules = (
      overlay('superposition').find(
        ({ metadata }) => metadata.name === 'mayday-deployer',
      ) as Manifest
    ).rules
    const may = (resource: string) =>
      (rules ?? []).flatMap((rule) => (rule.resources.includes(resource) ? rule.verbs : []))
    for (const resource of ['deployments', 'services', 'ingresses'])
      expect(may(resource)).toEqual(
        expect.arrayContaining(['create', 'get', 'list', 'patch', 'delete']),
      )
  })

  test('A05: Deployment and NodePort Service deployer in kube-system, port 8000', () => {
    const all = overlay('deployer')
    expect(all.map(nameOf)).toContain('Deployment kube-system/deployer')
    expect(find('deployer', 'Service')).toMatchObject({
      metadata: { name: 'deployer', namespace: 'kube-system' },
      spec: { type: 'NodePort' },
    })
    const { ports } = find('deployer', 'Service').spec as { ports: readonly object[] }
    expect(ports).toContainEqual({ name: 'deployer', port: 8000, targetPort: 'api' })
    expect(ofKind(all, 'Namespace')).toEqual([])
    expect(podOf(find('deployer', 'Deployment'))?.containers[0]?.name).toBe('deployer')
  })
})

describe('rights', () => {
  test('those of all parts together are those of the controller, its webhooks and its faces', () => {
    const all = together([base.rules, ...features.map(({ rules }) => rules)])
    const texts = (rules: readonly PolicyRule[]): readonly string[] =>
      rules.flatMap(({ apiGroups, resources, resourceNames = [''], verbs }) =>
        resources.flatMap((resource) =>
          resourceNames.flatMap((name) =>
            verbs.map((verb) => `${verb} ${apiGroups.join()}/${resource} ${name}`),
          ),
        ),
      )
    const { releases, owners, cluster, lease } = controllerRules(doors)
    const webhooks = webhookRules(doors, 'kulta-webhook-tls')
    const shipped = new Set(texts([...all.releases, ...all.cluster, ...all.own]))
    const called = texts([
      ...releases,
      ...owners,
      ...cluster,
      ...lease,
      ...webhooks.cluster,
      ...webhooks.secrets,
      ...Object.values(faceRules).flatMap((face) => face.releases),
      ...Object.values(dashboardRules(doors)).flat(),
    ])
    expect(called.filter((right) => !shipped.has(right))).toEqual([])
    const known = new Set([
      ...called,
      'create authentication.k8s.io/tokenreviews ',
      'create authorization.k8s.io/subjectaccessreviews ',
    ])
    expect([...shipped].filter((right) => !known.has(right))).toEqual([])
  })

  test.each(faces.map(({ name }) => name))('the guide of %s prints those of its face', (name) => {
    const page = readFileSync(`docs/doors/${name}.md`, 'utf8')
    const printed = manifestsOf(/```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '')
    const rules = (kind: string) => ofKind(printed, kind).flatMap((one) => one.rules ?? [])
    expect(rules('ClusterRole')).toEqual(faceRules[name]?.releases)
    expect(rules('Role')).toEqual(faceRules[name]?.secrets)
  })

  test('roles for CanaryApps are those of its examples, with the commands beside', () => {
    for (const level of ['editor', 'viewer']) {
      const [example] = manifestsOf(readFileSync(`examples/canaryapp/rbac/${level}.yaml`, 'utf8'))
      const shipped = overlay('canaryapp').find(
        ({ metadata }) => metadata.name === example?.metadata.name,
      )
      expect(shipped?.metadata.labels).toMatchObject(example?.metadata.labels ?? {})
      const [own, status] = shipped?.rules ?? []
      expect(own?.verbs).toEqual(expect.arrayContaining([...(example?.rules?.[0]?.verbs ?? [])]))
      expect(status).toEqual(example?.rules?.[1])
    }
  })
})

test('every alert has its section in the runbooks', () => {
  const sections = [...readFileSync('docs/runbooks.md', 'utf8').matchAll(/^## (\w+)$/gm)].map(
    ([, name]) => name,
  )
  expect(sections).toEqual(alerts.map(({ name }) => name))
  expect(runbooks).toBe('docs/runbooks.md')
})

test('every value of the chart is in its schema, and the other way round', () => {
  type Schema = { readonly properties?: Readonly<Record<string, Schema>> }
  const keys = ({ properties = {} }: Schema, before = ''): readonly string[] =>
    Object.entries(properties).flatMap(([key, inner]) => [
      `${before}${key}`,
      ...keys(inner, `${before}${key}.`),
    ])
  const schema = JSON.parse(
    readFileSync('deploy/helm/headgate/values.schema.json', 'utf8'),
  ) as Schema
  const values = parse(readFileSync('deploy/helm/headgate/values.yaml', 'utf8')) as unknown
  const known = keys(schema)
  const has = (path: string): boolean =>
    path
      .split('.')
      .reduce<unknown>(
        (at, key) => (at as Readonly<Record<string, unknown>> | undefined)?.[key],
        values,
      ) !== undefined
  // Given to charts by the one that they are part of.
  expect(known.filter((path) => !has(path))).toEqual(['global'])
  expect(Object.keys(values as object).filter((key) => !known.includes(key))).toEqual([])
})
