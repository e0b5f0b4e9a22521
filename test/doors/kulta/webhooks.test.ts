/** The webhooks of KULTA's door under an API server: conversion, refusals, certificates that are kept and renewed. */
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { kultaWith } from '#doors/kulta/door.ts'
import { createAuthority } from '#kube/authority.ts'
import { type ConnectedCluster, connectTo } from '#kube/connect.ts'
import type { KubeError } from '#kube/errors.ts'
import { systemPorts } from '#kube/system.ts'
import { type LocalCluster, startLocalCluster } from '#local/cluster.ts'
import { newPair, renewalOf, serviceNames } from '#server/webhooks/certificates.ts'
import { type Certificates, startWebhooks, type Webhooks } from '#server/webhooks/start.ts'
import { webhookRules } from '../../../src/cli/rbac.ts'
import { watchUntil } from '../../../src/cli/wait.ts'

const door = kultaWith({})
const own: Certificates = { kind: 'own', namespace: 'default', secret: 'kulta-webhook-tls' }
let local: LocalCluster
let webhooks: Webhooks

const account = 'system:serviceaccount:default:headgate'
const client = { name: account, groups: ['system:serviceaccounts', 'system:authenticated'] }
let limited: ConnectedCluster

beforeAll(async () => {
  local = await startLocalCluster({ crds: door.crds })
  await grant()
  limited = connectTo(local.apiServer.transport(client), systemPorts())
  webhooks = await start(own)
})
afterAll(async () => {
  await webhooks.stop()
  await limited.close()
  await local.stop()
})

/** The webhooks act with the rules that they ship and no others. */
async function grant(): Promise<void> {
  const { cluster, secrets } = webhookRules([door], 'kulta-webhook-tls')
  const group = 'rbac.authorization.k8s.io'
  const kindOf = (kind: string, namespaced: boolean): Kind => {
    return { group, version: 'v1', kind, plural: `${kind.toLowerCase()}s`, namespaced }
  }
  const make = (kind: string, more: object): Promise<KubeObject> => {
    const metadata = { name: 'webhooks', ...(kind.startsWith('C') ? {} : { namespace: 'default' }) }
    const object = { apiVersion: `${group}/v1`, kind, metadata, ...more }
    return local.cluster.create(kindOf(kind, !kind.startsWith('C')), object)
  }
  const subjects = [{ kind: 'ServiceAccount', namespace: 'default', name: 'headgate' }]
  await make('ClusterRole', { rules: cluster })
  await make('Role', { rules: secrets })
  for (const kind of ['ClusterRole', 'Role'])
    await make(`${kind}Binding`, {
      roleRef: { apiGroup: group, kind, name: 'webhooks' },
      subjects,
    })
}

function start(certificates: Certificates): Promise<Webhooks> {
  return startWebhooks({
    cluster: limited,
    ports: systemPorts(),
    doors: [door],
    address: { host: '127.0.0.1', port: 0 },
    place: { kind: 'url', url: 'https://127.0.0.1:0' },
    certificates,
    onProblem: (error) => {
      throw error
    },
  })
}

const crd = kinds.customResourceDefinition
type Definition = KubeObject & {
  spec: {
    conversion: { strategy: string; webhook?: { clientConfig: { caBundle: string; url: string } } }
  }
}
const definition = (): Promise<Definition> =>
  local.cluster.get<Definition>(crd, { name: 'rollouts.kulta.io' })

async function bundle(): Promise<string> {
  const { webhook } = (await definition()).spec.conversion
  return Buffer.from(webhook?.clientConfig.caBundle ?? '', 'base64').toString()
}

const alpha = { ...kinds.rollout, version: 'v1alpha1' }
const canary = { canaryService: 'c', stableService: 's', steps: [{ setWeight: 50 }] }

function rollout(name: string, change: object = {}, version = 'v1alpha1') {
  return {
    apiVersion: `kulta.io/${version}`,
    kind: 'Rollout',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'app', image: 'a:1' }] },
      },
      strategy: { canary },
      ...change,
    },
  }
}

async function refused(object: KubeObject): Promise<string> {
  const kind = object.apiVersion.endsWith('beta1') ? kinds.rollout : alpha
  return local.cluster.create(kind, object).then(
    () => 'taken',
    (error: KubeError) => `${error.code} ${error.message}`,
  )
}

describe('conversion and validation', () => {
  test('a v1alpha1 Rollout is stored as v1beta1 and read in both, nothing lost', async () => {
    expect((await definition()).spec.conversion.strategy).toBe('Webhook')
    const advisor = { level: 'Advised', endpoint: 'http://advisor.tools.svc', timeoutSeconds: 3 }
    await local.cluster.create(alpha, rollout('both', { advisor, maxSurge: '50%' }))
    const at = { namespace: 'default', name: 'both' }
    const [one, other] = await Promise.all([
      local.cluster.get(alpha, at),
      local.cluster.get(kinds.rollout, at),
    ])
    expect(other.apiVersion).toBe('kulta.io/v1beta1')
    expect({ ...one, apiVersion: '' }).toEqual({ ...other, apiVersion: '' })
    expect(one).toMatchObject({ spec: { advisor, maxSurge: '50%', progressDeadlineSeconds: 600 } })
  })

  const rows: readonly (readonly [string, object, RegExp])[] = [
    [
      'no service name',
      { strategy: { canary: { ...canary, stableService: '' } } },
      /stableService: must not be empty/,
    ],
    ['no step', { strategy: { canary: { ...canary, steps: [] } } }, /at least one step/],
    [
      'an empty step',
      { strategy: { canary: { ...canary, steps: [{}] } } },
      /setWeight, pause or both/,
    ],
    [
      'a pause that is no duration',
      { strategy: { canary: { ...canary, steps: [{ pause: { duration: '5 minutes' } }] } } },
      /is no duration/,
    ],
    [
      'a pause of no time',
      { strategy: { canary: { ...canary, steps: [{ pause: { duration: '0s' } }] } } },
      /no time at all/,
    ],
    ['a surge that is no count', { maxSurge: 'many' }, /maxSurge/],
    [
      'an unknown metric',
      {
        strategy: { canary: { ...canary, analysis: { metrics: [{ name: 'joy', threshold: 1 }] } } },
      },
      /joy is no built-in metric/,
    ],
    [
      'blue-green with one Service for both',
      { strategy: { blueGreen: { activeService: 'a', previewService: 'a' } } },
      /two different Services/,
    ],
    [
      'an experiment without a rule',
      {
        strategy: { abTesting: { variantAService: 'a', variantBService: 'b', variantBMatch: {} } },
      },
      /must have header, cookie or both/,
    ],
    [
      'an experiment that ends in a year and a half',
      {
        strategy: {
          abTesting: {
            variantAService: 'a',
            variantBService: 'b',
            variantBMatch: { header: { name: 'x', value: 'b' } },
            maxDuration: '500d',
          },
        },
      },
      /longer than 365d/,
    ],
  ]
  for (const [name, change, words] of rows) {
    test(`${name} is refused in both versions`, async () => {
      for (const version of ['v1alpha1', 'v1beta1'])
        expect(await refused(rollout('bad', change, version))).toMatch(words)
    })
  }

  test('a pause without a weight, and days, are taken', async () => {
    const steps = [{ setWeight: 20 }, { pause: {} }]
    expect(await refused(rollout('pauses', { strategy: { canary: { ...canary, steps } } }))).toBe(
      'taken',
    )
    const abTesting = {
      variantAService: 'a',
      variantBService: 'b',
      variantBMatch: { cookie: { name: 'v', value: 'b' } },
      maxDuration: '7d',
    }
    expect(await refused(rollout('days', { strategy: { abTesting } }))).toBe('taken')
  })

  test('the configuration is as the document has it', async () => {
    const found = await local.cluster.get(kinds.validatingWebhookConfiguration, {
      name: 'kulta-validating-webhook',
    })
    expect(found).toMatchObject({
      webhooks: [
        {
          name: 'rollout.kulta.io',
          failurePolicy: 'Fail',
          timeoutSeconds: 10,
          rules: [
            {
              apiGroups: ['kulta.io'],
              apiVersions: ['v1alpha1', 'v1beta1'],
              operations: ['CREATE', 'UPDATE'],
              resources: ['rollouts'],
            },
          ],
        },
      ],
    })
  })
})

type Answer = { readonly status: number; readonly body: string }

async function post(path: string, body: string, method = 'POST'): Promise<Answer> {
  const ca = await bundle()
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port: webhooks.port, path, method, ca },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body: text }))
      },
    )
    asked.once('error', reject)
    asked.end(body)
  })
}

describe('the reviews', () => {
  const review = (kind: string, apiVersion: string, asked: object): string =>
    JSON.stringify({ apiVersion, kind, request: { uid: 'u1', ...asked } })
  const admission = (asked: object): string =>
    review('AdmissionReview', 'admission.k8s.io/v1', asked)

  test('a denial has code 400 and a message', async () => {
    const object = rollout('bad', { replicas: -1 })
    const { status, body } = await post('/validate', admission({ operation: 'CREATE', object }))
    expect([status, JSON.parse(body)]).toMatchObject([
      200,
      {
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: {
          uid: 'u1',
          allowed: false,
          status: { code: 400, message: expect.stringMatching(/spec.replicas: -1/) },
        },
      },
    ])
  })

  test('other kinds are allowed, and whatever leaves a spec that is stored as it is', async () => {
    const bad = rollout('bad', { replicas: -1 })
    const labelled = { ...bad, metadata: { ...bad.metadata, labels: { a: 'b' } } }
    for (const asked of [
      { object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } } },
      { object: labelled, oldObject: bad },
      {
        object: {
          ...bad,
          metadata: { ...bad.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
        },
      },
    ]) {
      const { body } = await post('/validate', admission(asked))
      expect(JSON.parse(body)).toMatchObject({ response: { allowed: true } })
    }
  })

  test('what cannot be converted fails with a message', async () => {
    const asked = { desiredAPIVersion: 'kulta.io/v9', objects: [rollout('a')] }
    const text = review('ConversionReview', 'apiextensions.k8s.io/v1', asked)
    const { body } = await post('/convert', text)
    expect(JSON.parse(body)).toMatchObject({
      response: { uid: 'u1', result: { status: 'Failed', message: expect.stringMatching(/v9/) } },
    })
  })

  const nonsense: readonly (readonly [string, string, string, number])[] = [
    ['no JSON', '/validate', '{', 400],
    ['no review', '/convert', '{}', 400],
    ['another address', '/else', '{}', 404],
  ]
  for (const [name, path, body, status] of nonsense) {
    test(`${name} is answered ${status}, and the listener lives`, async () => {
      expect((await post(path, body)).status).toBe(status)
      expect((await post('/validate', '', 'GET')).status).toBe(405)
    })
  }
})

test('the rules that they ship are enough, and needed', async () => {
  const secrets = await limited.list(kinds.secret, { namespace: 'default' }).then(
    () => 'allowed',
    (error: KubeError) => error.reason,
  )
  expect(secrets).toBe('Forbidden')
  const pods = await limited.list(kinds.pod, {}).then(
    () => 'allowed',
    (error: KubeError) => error.reason,
  )
  expect(pods).toBe('Forbidden')
})

describe('certificates', () => {
  type Secret = KubeObject & { type: string; data: Record<string, string> }
  const secretAt = { namespace: 'default', name: 'kulta-webhook-tls' }
  const secret = (): Promise<Secret> => local.cluster.get<Secret>(kinds.secret, secretAt)
  const text = ({ data }: Secret, key: string): string =>
    Buffer.from(data[key] ?? '', 'base64').toString()

  test('are kept in a Secret in PEM: an authority for ten years, a certificate for one', async () => {
    const found = await secret()
    expect([found.type, Object.keys(found.data).sort()]).toEqual([
      'kubernetes.io/tls',
      ['ca.crt', 'tls.crt', 'tls.key'],
    ])
    const years = (pem: string): number =>
      Math.round(
        (new X509Certificate(pem).validToDate.getTime() - systemPorts().clock.now()) /
          (365 * 86_400_000),
      )
    expect([years(text(found, 'ca.crt')), years(text(found, 'tls.crt'))]).toEqual([10, 1])
    expect(await bundle()).toBe(text(found, 'ca.crt'))
    expect(serviceNames({ name: 'kulta-controller', namespace: 'kulta-system' })).toEqual([
      'kulta-controller',
      'kulta-controller.kulta-system',
      'kulta-controller.kulta-system.svc',
      'kulta-controller.kulta-system.svc.cluster.local',
    ])
  })

  test('one that ends soon, or is no use, is replaced; both authorities are trusted meanwhile', async () => {
    const before = await secret()
    await local.cluster.patch(kinds.secret, secretAt, 'merge', {
      data: { ...before.data, 'tls.crt': Buffer.from('no certificate').toString('base64') },
    })
    const definitions = local.cluster.watch<Definition>(crd)
    await watchUntil(definitions, () => {
      const found = definitions.get('rollouts.kulta.io')?.spec.conversion.webhook
      const pem = Buffer.from(found?.clientConfig.caBundle ?? '', 'base64').toString()
      return pem.split('BEGIN CERTIFICATE').length === 3
    })
    await definitions.stop()
    const after = await secret()
    expect(text(after, 'tls.crt')).not.toBe(text(before, 'tls.crt'))
    const names = ['localhost']
    const now = systemPorts().clock.now()
    const pair = await newPair(systemPorts(), names, [], '')
    const days = Math.round((renewalOf(pair, names) - now) / 86_400_000)
    expect([days, renewalOf(pair, ['other.svc'])]).toEqual([335, 0])
    expect(await refused(rollout('renewed'))).toBe('taken')
  })

  test('a definition that is applied without the webhook gets it again', async () => {
    await local.cluster.patch(crd, { name: 'rollouts.kulta.io' }, 'merge', {
      spec: { conversion: { strategy: 'None', webhook: null } },
    })
    const definitions = local.cluster.watch<Definition>(crd)
    await watchUntil(
      definitions,
      () => definitions.get('rollouts.kulta.io')?.spec.conversion.strategy === 'Webhook',
    )
    await definitions.stop()
  })

  test('come from files too, and then cert-manager may say whom to trust', async () => {
    await webhooks.stop()
    const folder = await mkdtemp(join(tmpdir(), 'headgate-webhooks-'))
    const authority = await createAuthority(systemPorts())
    const { caPem, certPem, keyPem } = await authority.issue(['localhost'], ['127.0.0.1'])
    const files = { 'ca.crt': caPem, 'tls.crt': certPem, 'tls.key': keyPem }
    await Promise.all(
      Object.entries(files).map(([name, content]) => writeFile(join(folder, name), content)),
    )
    webhooks = await start({ kind: 'files', folder })
    expect(await bundle()).toBe(caPem)
    expect(await refused(rollout('by-files'))).toBe('taken')
    expect(await refused(rollout('by-files-bad', { maxSurge: 'many' }))).toMatch(/maxSurge/)
    await webhooks.stop()
    webhooks = await start({ kind: 'cert-manager', folder, certificate: 'kulta-system/webhooks' })
    const { metadata } = await definition()
    expect(metadata.annotations?.['cert-manager.io/inject-ca-from']).toBe('kulta-system/webhooks')
    await rm(folder, { recursive: true })
  })
})
