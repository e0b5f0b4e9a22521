/** What comes over from the original: its records by a dump of its keys, and its command line. */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import { dumpOf, entriesIn } from '#doors/deployer/dump.ts'
import { importDump } from '#doors/deployer/import.ts'
import { oldFlags } from '#doors/deployer/old-flags.ts'
import { loadConfig } from '#kube/config.ts'
import { withOldFlags } from '../../../src/cli/deployer-flags.ts'
import { Client, descriptorOf } from './client.ts'
import { type Desk, openDesk } from './desk.ts'

const descriptor = {
  ...descriptorOf('legacy'),
  id: '5b9f1f5e-4d4f-4a53-8a0c-9d6e0a3b1c01',
  created: '2017-01-15T02:02:14Z',
  lastModified: '2017-02-08T08:54:01.123456789Z',
  email: 'a@b.c',
  password: 'planted-legacy-password',
  environment: { SECRET: 'x' },
}
const deployment = (id: string, status: string, version: string) => ({
  id,
  created: '2017-01-16T00:00:00Z',
  lastModified: '2017-01-16T00:01:00Z',
  version,
  status,
  OldVersion: '',
  descriptor,
})
const [served, midway] = [
  '5b9f1f5e-4d4f-4a53-8a0c-9d6e0a3b1c02',
  '5b9f1f5e-4d4f-4a53-8a0c-9d6e0a3b1c03',
]
const keys: Readonly<Record<string, string>> = {
  [`/deployer/descriptors/default/legacy/${descriptor.id}`]: JSON.stringify(descriptor),
  [`/deployer/deployments/default/legacy/${served}`]: JSON.stringify(
    deployment(served, 'DEPLOYED', '41'),
  ),
  [`/deployer/deployments/default/legacy/${midway}`]: JSON.stringify(
    deployment(midway, 'DEPLOYING', '42'),
  ),
  [`/deployer/logs/default/${served}`]: 'first line\nsecond line\n',
  [`/deployer/healthcheckdata/default/${served}/legacy-41-x`]: '{"healthy":true}',
  '/deployer/environment/mongo': 'x',
  '/deployer/descriptors/default/legacy/broken': '{',
}

describe('a dump', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const forms: readonly [string, string][] = [
    [
      'of etcdctl for version 3',
      JSON.stringify({
        header: {},
        kvs: Object.entries(keys).map(([key, value]) => ({
          key: base64(key),
          value: base64(value),
        })),
      }),
    ],
    [
      'of the API of version 2',
      JSON.stringify({
        action: 'get',
        node: {
          key: '/deployer',
          dir: true,
          nodes: [
            {
              key: '/deployer/x',
              dir: true,
              nodes: Object.entries(keys).map(([key, value]) => ({ key, value })),
            },
          ],
        },
      }),
    ],
    ['as one object', JSON.stringify(keys)],
  ]
  for (const [name, text] of forms) {
    test(`${name} is read`, () => {
      const dump = dumpOf(entriesIn(text))
      expect(dump.descriptors).toHaveLength(1)
      expect(dump.deployments).toHaveLength(2)
      expect(dump).toMatchObject({
        environment: 1,
        problems: ['/deployer/descriptors/default/legacy/broken is not JSON'],
      })
    })
  }

  for (const text of ['', '[]', '{}', '{"a":1}', 'keys'])
    test(`${JSON.stringify(text)} is none`, () =>
      expect(() => entriesIn(text)).toThrow('this is no dump of keys'))
})

describe('the records', () => {
  let desk: Desk
  let client: Client
  beforeAll(async () => {
    desk = await openDesk()
    client = new Client(desk.url)
  })
  afterAll(async () => {
    await desk?.stop()
  })

  test('come over with ids, times, logs and health, once however often', async () => {
    const dump = dumpOf(entriesIn(JSON.stringify(keys)))
    expect(await importDump(desk.cluster, dump)).toMatchObject({
      descriptors: 1,
      deployments: 2,
      known: 0,
    })
    expect(await importDump(desk.cluster, dump)).toMatchObject({
      descriptors: 0,
      deployments: 0,
      known: 3,
    })
    const got = await client.ask('GET', `/descriptors/${descriptor.id}/?namespace=default`)
    const { password: _password, environment: _environment, ...kept } = descriptor
    expect(JSON.parse(got.body)).toEqual({
      ...kept,
      created: '2017-01-15T02:02:14.000Z',
      lastModified: '2017-02-08T08:54:01.123Z',
    })
    expect(await client.deployment(served)).toMatchObject({ status: 'DEPLOYED', version: '41' })
    expect(await client.deployment(midway)).toMatchObject({ status: 'FAILURE', version: '42' })
    expect(await client.logs(served)).toBe('first line\nsecond line\n')
    const health = await client.ask(
      'GET',
      `/deployments/${served}/healthcheckdata?namespace=default`,
    )
    expect(JSON.parse(health.body)).toEqual([{ podName: 'legacy-41-x', value: '{"healthy":true}' }])
    const at = { namespace: 'default', name: `headgate-descriptor-${descriptor.id}` }
    expect((await desk.cluster.get(kinds.secret, at)).metadata.name).toBe(at.name)
  })

  test('of what the original brought up are not ours to undeploy', async () => {
    desk.face.lead(() => true)
    await client.ask('DELETE', `/deployments/${served}/?namespace=default`)
    expect(await client.settled(served)).toMatchObject({ status: 'FAILURE' })
    expect(await client.logs(served)).toContain('was brought up by another program')
  })

  test('the number goes on after those of the original', async () => {
    const id = await client.deploy(descriptor.id)
    await expect
      .poll(async () => (await client.deployment(id)).version, { timeout: 10_000 })
      .toBe('43')
  })
})

describe('the command line of the original', () => {
  test('becomes that of today, open to everybody as it was', () => {
    expect(
      oldFlags([
        ...['-kubernetes', 'http://api:8080', '-etcd=http://etcd:2379', '-deployport', '8001'],
        ...['--timeout', '90', '-proxysleep', '5', '-skipServerCertValidation'],
        ...['-kubernetesusername', 'ann', '-kubernetespassword', 'p'],
      ]),
    ).toEqual({
      words: [
        'controller',
        ...['--deployer-etcd', 'http://etcd:2379', '--deployer-timeout', '90'],
        ...['--deployer-proxysleep', '5'],
        ...['--deployer-address', '0.0.0.0:8001', '--deployer-auth', 'none'],
        '--deployer-skip-server-cert-validation',
      ],
      server: 'http://api:8080',
      username: 'ann',
      password: 'p',
    })
  })

  test('may be mixed with options of today, which have the last word', () => {
    expect(
      oldFlags(['-kubernetes', 'http://a', '-etcd', 'http://e', '--deployer-auth', 'jwt'])?.words,
    ).toEqual([
      'controller',
      ...['--deployer-etcd', 'http://e', '--deployer-address', '0.0.0.0:8000'],
      ...['--deployer-auth', 'jwt'],
    ])
  })

  test('any other is left alone, and one without the API server is refused', () => {
    expect(oldFlags(['controller', '--kubeconfig', 'x'])).toBeUndefined()
    expect(oldFlags(['local'])).toBeUndefined()
    expect(() => oldFlags(['-etcd', 'http://e'])).toThrow('-kubernetes is missing')
    expect(() => oldFlags(['-kubernetes'])).toThrow('-kubernetes needs a value')
  })
})

describe('the commands themselves', () => {
  test('of old flags, its user and password reach the API server', async () => {
    const words = withOldFlags([
      ...['-kubernetes', 'https://api:6443', '-etcd', 'http://etcd:2379'],
      ...['-kubernetesusername', 'ann', '-kubernetespassword', 'planted'],
    ])
    const config = await loadConfig({ kubeconfig: words.at(-1) ?? '' })
    expect(config.server).toBe('https://api:6443')
    expect(config.credentials).toEqual({ kind: 'basic', username: 'ann', password: 'planted' })
    expect(words.join(' ')).not.toContain('planted')
    expect((await stat(words.at(-1) ?? '')).mode & 0o777).toBe(0o600)
    await rm(dirname(words.at(-1) ?? ''), { recursive: true })
  })

  test('migrate refuses a file that is no dump', async () => {
    const { migrateDeployer } = await import('../../../src/cli/commands/migrate.ts')
    const folder = await mkdtemp(join(tmpdir(), 'headgate-dump-'))
    const file = join(folder, 'dump.json')
    await writeFile(file, '[]')
    try {
      await expect(migrateDeployer(file, {})).rejects.toThrow('this is no dump of keys')
      await expect(migrateDeployer(join(folder, 'none'), {})).rejects.toThrow('cannot be read')
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
