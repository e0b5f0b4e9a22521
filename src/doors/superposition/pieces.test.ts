/** Names, configurations, templates and options: small readers, each with its table. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Json } from '#core/k8s/meta.ts'
import { readConfig } from './config.ts'
import { recordName, serviceName, variantName } from './names.ts'
import { authOf, hostFor, settingsOf } from './settings.ts'
import { plainTemplates, podTemplateOf, readTemplates } from './templates.ts'

const folder = mkdtempSync(join(tmpdir(), 'superposition-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('MD20: names', () => {
  const same = ['variant-123', 'blue', '7300000000000000000-blue', 'a']
  for (const id of same) {
    test(`${id} stays as it is`, () => expect(variantName('nginxservice', id)).toBe(id))
  }

  const changed = ['Blue', 'a_b', 'a.b', '-a', 'a-', 'ä', '', 'x'.repeat(80), 'A B/C']
  test.each(changed)('%j becomes a label', (id) => {
    const name = variantName('nginxservice', id)
    expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
    expect(`nginxservice-service-${name}`.length).toBeLessThanOrEqual(63)
  })

  test('no two ids share a name', () => {
    const ids = [...same, ...changed, 'blue', 'BLUE', 'a-b', 'A-b', 'a b']
    const names = new Set([...new Set(ids)].map((id) => variantName('nginxservice', id)))
    expect(names.size).toBe(new Set(ids).size)
  })

  test('all names of the longest service and variant fit', () => {
    const service = serviceName('S'.repeat(200))
    const variant = variantName(service, 'v'.repeat(200))
    for (const kind of ['service', 'ingress'])
      expect(`${service}-${kind}-${variant}`.length).toBeLessThanOrEqual(63)
    // Pods are cut at 58 characters, and are told apart by what comes before.
    expect(`${service}-dep-${variant}`.length).toBeLessThanOrEqual(57)
    expect(variantName(service, '7300000000000000000-blue')).toBe('7300000000000000000-blue')
  })

  test('records of two organisations do not meet', () => {
    const of = { workspace: 'shop', experiment: '7300' }
    expect(recordName({ ...of, organisation: 'localorg' })).toBe('shop-7300')
    expect(recordName({ ...of, organisation: 'other' })).toMatch(/^shop-7300-[0-9a-f]{10}$/)
  })
})

describe('a configuration', () => {
  const documented: Readonly<Record<string, Json>> = {
    replicas: 3,
    'container.image': 'nginx:latest',
    'env.DATABASE_URL': 'postgres://db',
    'env.API_KEY': 'secret-key',
  }

  test('M22: the documented one', () => {
    expect(readConfig(documented)).toEqual({
      kind: 'deployable',
      deployable: {
        image: 'nginx:latest',
        replicas: 3,
        port: 80,
        env: [
          { name: 'API_KEY', value: 'secret-key' },
          { name: 'DATABASE_URL', value: 'postgres://db' },
        ],
      },
    })
  })

  const env: readonly [string, string, Json, object | undefined][] = [
    ['MD21: a number is text', 'env.A', 7, { name: 'A', value: '7' }],
    ['MD21: so is a boolean', 'env.A', false, { name: 'A', value: 'false' }],
    ['MD21: a map is JSON', 'env.A', { b: [1] }, { name: 'A', value: '{"b":[1]}' }],
    ['M23, MD21: only a prefix counts', 'other.env.A', 'x', undefined],
    ['M23: and it is taken off once', 'env.env.A', 'x', { name: 'env.A', value: 'x' }],
    [
      'MD23: a value may come from a Secret',
      'env.A',
      { secretKeyRef: { name: 's', key: 'k' } },
      { name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
    ],
  ]
  for (const [name, key, value, expected] of env) {
    test(name, () => {
      const result = readConfig({ replicas: 1, 'container.image': 'a', [key]: value })
      const list = expected === undefined ? [] : [expected]
      expect(result).toMatchObject({ deployable: { env: list } })
    })
  }

  const wrong: readonly [string, Readonly<Record<string, Json>>, RegExp][] = [
    ['no image', { replicas: 1 }, /container\.image is missing/],
    ['no replicas', { 'container.image': 'a' }, /replicas is missing/],
    ['replicas as text', { ...documented, replicas: '3' }, /replicas is of type string/],
    ['a fraction of a pod', { ...documented, replicas: 0.5 }, /replicas/],
    ['MD22: no port', { ...documented, 'container.port': 70_000 }, /container\.port/],
    ['MD21: no name of a variable', { ...documented, 'env.A B': 'x' }, /env\.A B is no name/],
    ['a variable without value', { ...documented, 'env.A': null }, /env\.A has no value/],
  ]
  for (const [name, config, why] of wrong) {
    test(name, () => {
      const result = readConfig(config)
      const { problems = [] } = result as { problems?: readonly string[] }
      expect(problems.join()).toMatch(why)
      expect(problems.join()).not.toContain('secret-key')
    })
  }

  test('MD22: the port may be another one', () => {
    expect(readConfig({ ...documented, 'container.port': 8080 })).toMatchObject({
      deployable: { port: 8080 },
    })
  })
})

describe('M14: templates', () => {
  const of = {
    service: 'shop',
    namespace: 'mumbai',
    variant: { id: 'Blue', name: 'blue-1' },
    deployable: { image: 'a:1', replicas: 1, port: 80, env: [] },
  }

  test('without any, the pod is the documented one, and says whose it is', () => {
    expect(podTemplateOf(plainTemplates, of)).toEqual({
      metadata: {
        labels: { 'superposition.headgate.dev/service': 'shop' },
        annotations: { 'superposition.headgate.dev/variant': 'Blue' },
      },
      spec: {
        containers: [
          {
            name: 'shop-dep-blue-1',
            image: 'a:1',
            ports: [{ containerPort: 80 }],
            readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 },
          },
        ],
      },
    })
  })

  test('M24: variables of the configuration are those of its container', () => {
    const env = [{ name: 'API_KEY', value: 'secret-key' }]
    const given = { ...of, deployable: { ...of.deployable, env } }
    expect(podTemplateOf(plainTemplates, given).spec.containers[0]).toMatchObject({ env })
  })

  test('fragments are laid over it, the first container over its own', () => {
    const templates = readTemplates({
      podTemplate: {
        metadata: { labels: { team: '{service}' } },
        spec: {
          serviceAccountName: '{service}-{namespace}',
          containers: [{ resources: { limits: { cpu: '1' } } }, { name: 'sidecar', image: 'b' }],
        },
      },
    })
    const template = podTemplateOf(templates, of)
    expect(template.metadata?.labels).toMatchObject({
      team: 'shop',
      'superposition.headgate.dev/service': 'shop',
    })
    expect(template.spec).toMatchObject({
      serviceAccountName: 'shop-mumbai',
      containers: [
        { name: 'shop-dep-blue-1', image: 'a:1', resources: { limits: { cpu: '1' } } },
        { name: 'sidecar' },
      ],
    })
  })

  test('the example is understood', () => {
    const text = readFileSync('examples/superposition/templates.json', 'utf8')
    const templates = readTemplates(JSON.parse(text))
    expect(templates.names.host).toBe('{service}.{namespace}.example.com')
    expect(podTemplateOf(templates, of).spec.containers[0]).toMatchObject({
      readinessProbe: { httpGet: { path: '/healthz', port: 80 }, periodSeconds: 1 },
    })
  })

  const rows: readonly [string, unknown, string][] = [
    ['a word that is not known', { pods: {} }, 'pods is unknown'],
    ['a name that is not known', { names: { service: 'x' } }, 'names.service is unknown'],
    ['a list', [], 'the file is no map'],
    ['a number for a text', { route: 1 }, 'route is no text'],
    ['no duration', { settle: 'soon' }, 'settle soon'],
  ]
  for (const [name, file, why] of rows) {
    test(`${name} is refused`, () => expect(() => readTemplates(file)).toThrow(why))
  }
})

describe('options', () => {
  const none = { options: {}, env: {} }
  test('M15: NAMESPACE and SUPERPOSITION_URL come from the environment', () => {
    const settings = settingsOf({
      options: {},
      env: { NAMESPACE: 'pune', SUPERPOSITION_URL: 'http://a:8080/' },
    })
    expect(settings).toMatchObject({ namespace: 'pune', url: 'http://a:8080' })
  })

  test('MD04: nothing is called mumbai by itself', () => {
    expect(settingsOf(none)).toMatchObject({ namespace: 'default', url: undefined })
  })

  test('M13: lists are read with commas', () => {
    const options = {
      superpositionTenants: 'service1, service2',
      superpositionNamespaces: 'mumbai,delhi',
    }
    expect(settingsOf({ options, env: {} })).toMatchObject({
      tenants: ['service1', 'service2'],
      namespaces: ['mumbai', 'delhi'],
    })
  })

  const wrong: readonly [string, Record<string, string>, string][] = [
    ['a URL', { superpositionUrl: 'superposition:8080' }, '--superposition-url'],
    ['a router', { superpositionRouter: 'traefik' }, '--superposition-router'],
    ['a Secret', { superpositionCredentials: 'token' }, '--superposition-credentials'],
    ['a duration', { superpositionGrace: 'soon' }, '--superposition-grace'],
  ]
  for (const [name, options, option] of wrong) {
    test(`what is no ${name} is refused by the option's name`, () =>
      expect(() => settingsOf({ options, env: {} })).toThrow(option))
  }

  test('templates are read from a file', () => {
    const file = join(folder, 'templates.yaml')
    writeFileSync(file, 'ingress: {className: internal}\n')
    const settings = settingsOf({ options: { superpositionTemplates: file }, env: {} })
    expect(settings.templates.ingress.className).toBe('internal')
  })

  test('weakness 7: without authentication only this machine is let in, and that is said', () => {
    expect(authOf(none)).toEqual({ kind: 'loopback' })
    expect(hostFor({ kind: 'loopback' }, '127.0.0.1')).toEqual({ host: '127.0.0.1' })
    expect(hostFor({ kind: 'loopback' }, '0.0.0.0')).toMatchObject({
      host: '127.0.0.1',
      why: expect.stringContaining('--superposition-secret-file'),
    })
    expect(hostFor(authOf({ options: { superpositionAuth: 'none' } }), '0.0.0.0')).toEqual({
      host: '0.0.0.0',
    })
  })

  test('secrets without a file, and kinds that are not known, are refused', () => {
    expect(() => authOf({ options: { superpositionAuth: 'secret' } })).toThrow(
      '--superposition-secret-file',
    )
    expect(() => authOf({ options: { superpositionAuth: 'oidc' } })).toThrow('secret or none')
  })
})
