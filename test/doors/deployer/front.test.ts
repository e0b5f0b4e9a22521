/** Fronts with real pods behind the local gateway: headers, www, certificates, and what happens when one cannot be. */
import { request as httpsRequest } from 'node:https'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Ingress } from '#core/k8s/ingress.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { RunningFace } from '#doors/face.ts'
import { authority } from '#kube/testing/certificates.ts'
import { type Bench, openBench } from './bench.ts'
import { Client, descriptorOf } from './client.ts'
import { versionAt } from './traffic.ts'

let bench: Bench
const options = { deployerProxysleep: '2s' }
beforeAll(async () => {
  bench = await openBench({ speed: 4, leads: false, options })
})
afterAll(async () => {
  await bench?.stop()
})

/** A namespace with a leader of its own, by its own settings. */
async function place(
  namespace: string,
  more: Record<string, string | boolean> = {},
): Promise<{ readonly client: Client; readonly face: RunningFace }> {
  await bench.cluster.create(kinds.namespace, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace },
  })
  const face = await bench.another({ namespace, options: more })
  face.lead(() => true)
  return { client: new Client(bench.url, namespace), face }
}

const one = (app: string, namespace: string, more: Record<string, unknown> = {}) =>
  descriptorOf(app, { namespace, replicas: 1, ...more })
const dressed = {
  redirectWww: true,
  useCompression: true,
  useStickySessions: true,
  additionHttpHeaders: [
    { Header: 'X-TEST', Value: 'some http header test' },
    { Header: 'X-Injected', Value: '"; more_set_headers "X-Evil: 1' },
  ],
}

async function ask(host: string) {
  const { statusCode, headers, body } = await request(`${bench.gateway}/hello?a=b`, {
    headers: { host },
  })
  await body.dump()
  return { status: statusCode, headers }
}

describe('ingress-nginx', () => {
  let client: Client
  let id = ''
  beforeAll(async () => {
    ;({ client } = await place('front'))
  })

  test('sets headers, keeps sessions, sends www on, and says what it cannot do', async () => {
    const deployment = await client.deploy(await client.describe(one('dressed', 'front', dressed)))
    id = deployment
    expect(await client.settled(deployment)).toMatchObject({ status: 'DEPLOYED' })
    const { headers } = await ask('dressed.example.com')
    expect(headers['x-test']).toBe('some http header test')
    expect(headers['x-injected']).toBe('"; more_set_headers "X-Evil: 1')
    expect(headers).not.toHaveProperty('x-evil')
    expect(String(headers['set-cookie'])).toMatch(/^route=/)
    const www = await ask('www.dressed.example.com')
    expect([www.status, www.headers['location']]).toEqual([
      301,
      'https://dressed.example.com/hello?a=b',
    ])
    expect(await client.logs(deployment)).toContain('the router nginx cannot compress answers')
  })

  test('takes the redirect and the headers away when they are not asked for any more', async () => {
    const plain = await client.deploy(await client.describe(one('dressed', 'front')))
    expect(await client.settled(plain)).toMatchObject({ status: 'DEPLOYED' })
    const { headers } = await ask('dressed.example.com')
    expect(headers).not.toHaveProperty('x-test')
    expect((await ask('www.dressed.example.com')).status).toBe(404)
    const { items } = await bench.cluster.list(kinds.configMap, { namespace: 'front' })
    expect(items.map(({ metadata }) => metadata.name)).not.toContain('dressed-headers')
    expect(id).not.toBe(plain)
  })

  test('of somebody else is not touched, and the version before goes on', async () => {
    const theirs: Ingress = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'taken', namespace: 'front' },
      spec: { ingressClassName: 'nginx', rules: [{ host: 'theirs.example.com' }] },
    }
    await bench.cluster.create(kinds.ingress, theirs)
    const first = await client.deploy(
      await client.describe(one('taken', 'front', { frontend: undefined })),
    )
    expect(await client.settled(first)).toMatchObject({ status: 'DEPLOYED', version: '1' })
    const second = await client.deploy(await client.describe(one('taken', 'front')))
    expect(await client.settled(second)).toMatchObject({ status: 'FAILURE', version: '2' })
    expect(await client.logs(second)).toContain('the Ingress taken was made by somebody else')
    expect(await client.deployment(first)).toMatchObject({ status: 'DEPLOYED' })
    const at = { namespace: 'front', name: 'taken' }
    expect((await bench.cluster.get<Ingress>(kinds.ingress, at)).spec?.rules).toEqual([
      { host: 'theirs.example.com' },
    ])
  })
})

describe('a certificate', () => {
  test('under the name of the domain above is found, and the host is served by TLS', async () => {
    const { client } = await place('tls')
    const { server, ca } = await authority()
    const { cert, key } = await server('shop.example.com')
    await bench.cluster.create(kinds.secret, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'example.com', namespace: 'tls' },
      type: 'kubernetes.io/tls',
      data: {
        'tls.crt': Buffer.from(cert).toString('base64'),
        'tls.key': Buffer.from(key).toString('base64'),
      },
    } as KubeObject)
    const id = await client.deploy(await client.describe(one('shop', 'tls')))
    expect(await client.settled(id)).toMatchObject({ status: 'DEPLOYED' })
    expect(await client.logs(id)).toContain('TLS with the Secret example.com')
    const status = await new Promise((resolve, reject) => {
      const { httpsPort } = bench
      const asked = httpsRequest(
        {
          port: httpsPort,
          path: '/hello',
          servername: 'shop.example.com',
          ca,
          headers: { host: 'shop.example.com' },
        },
        (answer) => {
          answer.resume()
          resolve(answer.statusCode)
        },
      )
      asked.once('error', reject)
      asked.end()
    })
    expect(status).toBe(200)
  })

  test('that is missing is plain HTTP, or by setting a FAILURE that leaves nothing', async () => {
    const { client } = await place('strict', { deployerRequireTls: true })
    const id = await client.deploy(await client.describe(one('bare', 'strict')))
    expect(await client.settled(id)).toMatchObject({ status: 'FAILURE' })
    expect(await client.logs(id)).toContain(
      'no Secret with a certificate: looked for bare.example.com, example.com',
    )
    for (const kind of [kinds.service, kinds.ingress, kinds.replicaSet])
      expect((await bench.cluster.list(kind, { namespace: 'strict' })).items).toEqual([])
  })
})

describe('HTTPRoute, by setting', () => {
  test('serves with headers and www, and says what it cannot do', async () => {
    const { client } = await place('routes', {
      deployerFront: 'gateway-api',
      deployerGateway: 'default/gateway',
      deployerWorkloads: 'ReplicationController',
    })
    const first = await client.deploy(await client.describe(one('routed', 'routes', dressed)))
    expect(await client.settled(first)).toMatchObject({ status: 'DEPLOYED' })
    const { headers } = await ask('routed.example.com')
    expect(headers['x-test']).toBe('some http header test')
    const www = await ask('www.routed.example.com')
    expect([www.status, www.headers['location']]).toEqual([
      301,
      'https://routed.example.com/hello?a=b',
    ])
    expect(await client.logs(first)).toContain('cannot compress answers')
    const second = await client.deploy(
      await client.describe(one('routed', 'routes', { tag: 'v2' })),
    )
    expect(await client.settled(second)).toMatchObject({ status: 'DEPLOYED', version: '2' })
    expect(await versionAt(bench.gateway, 'routed.example.com')).toBe('v2')
    const controllers = await bench.cluster.list(kinds.replicationController, {
      namespace: 'routes',
    })
    expect(controllers.items.map(({ metadata }) => metadata.name)).toContain('routed-2')
  })

  test('that its Gateway does not take up is a FAILURE, and the route is as before', async () => {
    const { client } = await place('nowhere', {
      deployerFront: 'gateway-api',
      deployerGateway: 'missing',
      deployerTimeout: '8s',
    })
    const id = await client.deploy(await client.describe(one('lost', 'nowhere')))
    expect(await client.settled(id)).toMatchObject({ status: 'FAILURE' })
    expect(await client.logs(id)).toMatch(/failed: .*gateways? .*the limit of 8 s is over/)
    expect((await bench.cluster.list(kinds.httpRoute, { namespace: 'nowhere' })).items).toEqual([])
  })
})
