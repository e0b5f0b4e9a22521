/** Paths, bodies, codes and Locations, as scripts written against the original expect them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { Client, descriptorOf, idIn } from './client.ts'
import { type Desk, openDesk } from './desk.ts'

let desk: Desk
let client: Client
beforeAll(async () => {
  desk = await openDesk()
  client = new Client(desk.url)
})
afterAll(async () => {
  await desk?.stop()
})

const missing = '00000000-0000-0000-0000-000000000000'
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The document's own descriptor, as far as it is JSON. */
const documented = {
  namespace: 'default',
  appName: 'my-app',
  newVersion: '#',
  webhooks: [{ key: 'unique', description: '...' }],
  deploymentType: 'blue-green',
  replicas: 2,
  frontend: 'example.com',
  redirectWww: true,
  useCompression: true,
  additionHttpHeaders: [{ Header: 'X-TEST', Value: 'some http header test' }],
  useHealthCheck: true,
  healthCheckPort: 9999,
  healthCheckPath: 'health',
  healthCheckType: 'probe',
  ignoreHealthCheck: true,
  imagePullSecrets: [{ name: 'secretName' }],
  podspec: { containers: [{ name: 'my-app', image: 'nginx' }] },
}

describe('descriptors', () => {
  test('POST answers 201 with a Location, and GET gives back every field with id and times', async () => {
    const made = await client.ask('POST', '/descriptors/?namespace=default', documented)
    expect(made.status).toBe(201)
    const id = idIn(made.headers['location'])
    expect(id).toMatch(uuid)
    expect(made.headers['location']).toBe(`/descriptors/${id}/?namespace=default`)
    const got = await client.ask('GET', `/descriptors/${id}/?namespace=default`)
    expect(got.status).toBe(200)
    expect(got.headers['content-type']).toMatch(/^application\/json/)
    const { created, lastModified, ...rest } = JSON.parse(got.body) as Record<string, unknown>
    expect(rest).toEqual({ ...documented, id })
    expect(created).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(lastModified).toBe(created)
  })

  test('a POST starts no deployment', async () => {
    await client.describe(descriptorOf('quiet'))
    const { body } = await client.ask('GET', '/deployments/?namespace=default&appname=quiet')
    expect(body).toBe('[]\n')
  })

  test('what is not said is filled in, and names are made plain', async () => {
    const id = await client.describe({
      namespace: 'default',
      appName: 'My_App.X',
      newVersion: '1.0',
      replicas: 0,
      podspec: { containers: [{ image: 'a' }] },
    })
    const { body } = await client.ask('GET', `/descriptors/${id}/?namespace=default`)
    expect(JSON.parse(body)).toMatchObject({
      appName: 'my-app-x',
      deploymentType: 'blue-green',
      replicas: 1,
      newVersion: '1.0',
    })
  })

  test('further fields of old descriptors are kept, and unknown ones are not', async () => {
    const further = {
      useStickySessions: true,
      tlsSecretName: 'cert',
      email: 'a@b.c',
      useExternalHealthCheck: true,
      externalHealthCheckPath: '/x',
      readinessPort: 81,
    }
    const id = await client.describe({
      ...descriptorOf('further'),
      ...further,
      environment: { A: 'b' },
      strange: 1,
    })
    const { body } = await client.ask('GET', `/descriptors/${id}/?namespace=default`)
    const got = JSON.parse(body) as Record<string, unknown>
    expect(got).toMatchObject(further)
    expect(got).not.toHaveProperty('environment')
    expect(got).not.toHaveProperty('strange')
  })

  test('field names count in any case, as they did', async () => {
    const { podspec, appName, ...rest } = descriptorOf('anycase')
    const id = await client.describe({ ...rest, podSpec: podspec, AppName: appName })
    const { body } = await client.ask('GET', `/descriptors/${id}/?namespace=default`)
    expect(JSON.parse(body)).toMatchObject({ appName: 'anycase', podspec })
  })

  const bad: readonly [string, unknown, RegExp][] = [
    ['no JSON', '{"a":', /not JSON/],
    ['no object', '[]', /not a JSON object/],
    ['an id', { ...documented, id: 'x' }, /id must not be set/],
    ['another namespace', { ...documented, namespace: 'other' }, /namespace other/],
    ['a type of its own', { ...documented, deploymentType: 'rolling' }, /write blue-green/],
    ['a name with a leading digit', { ...documented, appName: '1app' }, /begin with a letter/],
    ['a name too long', { ...documented, appName: 'a'.repeat(60) }, /longer than 63/],
    ['no container', { ...documented, podspec: { containers: [] } }, /at least one container/],
    [
      'no image',
      { ...documented, podspec: { containers: [{ name: 'a' }] } },
      /container 1 of podspec has no image/,
    ],
    [
      'ports that are none',
      { ...documented, podspec: { containers: [{ image: 'a', ports: [{ containerPort: 'x' }] }] } },
      /ports without a number in containerPort/,
    ],
    [
      'a health path that leads elsewhere',
      { ...documented, healthCheckPath: 'a/../../../../api/v1/secrets' },
      /healthCheckPath must be a path/,
    ],
    [
      'a health path that ends the request',
      { ...documented, healthCheckPath: 'a HTTP/1.1\r\nX-A: b' },
      /healthCheckPath must be a path/,
    ],
    ['a protocol in the frontend', { ...documented, frontend: 'http://a.b' }, /without protocol/],
    ['a text for a flag', { ...documented, redirectWww: 'true' }, /redirectWww must be true or/],
    [
      'a header that ends the header',
      {
        ...documented,
        additionHttpHeaders: [{ Header: 'X-A', Value: 'a";\nmore_set_headers "X-B: b' }],
      },
      /characters that no header may have/,
    ],
    [
      'a header name that ends it',
      { ...documented, additionHttpHeaders: [{ Header: 'X-A: b\r\nX', Value: '' }] },
      /is no name of a header/,
    ],
  ]
  for (const [name, body, why] of bad) {
    test(`${name} is refused with 400 and plain text`, async () => {
      const answer = await client.ask('POST', '/descriptors/?namespace=default', body)
      expect(answer.status).toBe(400)
      expect(answer.headers['content-type']).toMatch(/^text\/plain/)
      expect(answer.body).toMatch(why)
      expect(answer.body.endsWith('\n')).toBe(true)
    })
  }

  test('all problems are told together', async () => {
    const { body } = await client.ask('POST', '/descriptors/?namespace=default', {
      appName: '',
      newVersion: '',
      podspec: {},
    })
    expect(body.split('\n')).toEqual([
      'appName is missing',
      'newVersion is missing; write # for a number of its own',
      'podspec needs at least one container',
      '',
    ])
  })

  test('a body of more than a megabyte is refused before it is read', async () => {
    const long = { ...documented, frontend: 'a'.repeat(1_100_000) }
    const { status } = await client.ask('POST', '/descriptors/?namespace=default', long)
    expect(status).toBe(413)
  })

  test('a body of a hundred thousand levels hurts nobody', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const podspec = `{"containers":[{"image":"a","args":${deep}}]}`
    const body = `{"namespace":"default","appName":"deep","newVersion":"1","podspec":${podspec}}`
    const { status } = await client.ask('POST', '/descriptors/?namespace=default', body)
    expect(status).toBe(400)
    expect((await client.ask('GET', '/descriptors/?namespace=nobody')).status).toBe(200)
  })

  test('PUT answers 204; another id, namespace or name is refused, a missing one is 404', async () => {
    const id = await client.describe(descriptorOf('changing'))
    const path = `/descriptors/${id}/?namespace=default`
    const changed = { ...descriptorOf('changing'), id, replicas: 7 }
    const put = await client.ask('PUT', path, changed)
    expect([put.status, put.body]).toEqual([204, ''])
    const got = JSON.parse((await client.ask('GET', path)).body) as Record<string, string>
    expect(got['replicas']).toBe(7)
    expect(got['lastModified'] ?? '').not.toBe(got['created'])
    const refused = async (body: unknown) => (await client.ask('PUT', path, body)).status
    expect(await refused({ ...changed, id: 'x' })).toBe(400)
    expect(await refused({ ...changed, namespace: 'x' })).toBe(400)
    expect(await refused({ ...changed, appName: 'x' })).toBe(400)
    const other = `/descriptors/${missing}/?namespace=default`
    expect(await client.ask('PUT', other, { ...changed, id: missing })).toMatchObject({
      status: 404,
      body: '',
    })
  })

  test('a change by somebody who saw an older state is refused, if the ETag says so', async () => {
    const id = await client.describe(descriptorOf('locked'))
    const path = `/descriptors/${id}/?namespace=default`
    const { etag = '' } = (await client.ask('GET', path)).headers
    const body = { ...descriptorOf('locked'), id }
    expect((await client.ask('PUT', path, body, { 'if-match': etag })).status).toBe(204)
    expect((await client.ask('PUT', path, body, { 'if-match': etag })).status).toBe(412)
    expect((await client.ask('DELETE', path, undefined, { 'if-match': etag })).status).toBe(412)
    expect((await client.ask('DELETE', path)).status).toBe(204)
  })

  test('two changes at once both come through, one after the other', async () => {
    const id = await client.describe(descriptorOf('twice'))
    const path = `/descriptors/${id}/?namespace=default`
    const body = (replicas: number) => ({ ...descriptorOf('twice'), id, replicas })
    const answers = await Promise.all([2, 3, 4].map((n) => client.ask('PUT', path, body(n))))
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204])
  })

  test('DELETE answers 204, then 404, and undeploys nothing', async () => {
    const id = await client.describe(descriptorOf('leaving'))
    const deployment = await client.deploy(id)
    const path = `/descriptors/${id}/?namespace=default`
    expect((await client.ask('DELETE', path)).status).toBe(204)
    expect(await client.ask('DELETE', path)).toMatchObject({ status: 404, body: '' })
    expect(await client.ask('GET', path)).toMatchObject({ status: 404, body: '' })
    expect(await client.deployment(deployment)).toMatchObject({ status: 'DEPLOYING' })
  })

  test('validate answers 204 for a good one and 400 with the reason for a bad one', async () => {
    const path = '/descriptors/validate?namespace=default'
    expect(await client.ask('POST', path, documented)).toMatchObject({ status: 204, body: '' })
    const bad = await client.ask('POST', path, { ...documented, podspec: {} })
    expect(bad).toMatchObject({ status: 400, body: 'podspec needs at least one container\n' })
  })

  test('all of an application can be deleted, by default but the one modified last', async () => {
    const ids = [
      await client.describe(descriptorOf('many')),
      await client.describe(descriptorOf('many')),
      await client.describe(descriptorOf('many')),
    ]
    const path = `/descriptors/${ids[0]}/?namespace=default`
    await client.ask('PUT', path, { ...descriptorOf('many'), id: ids[0] })
    const all = '/descriptors/?namespace=default&appname=many'
    expect((await client.ask('DELETE', all)).status).toBe(204)
    const left = JSON.parse((await client.ask('GET', all)).body) as { id: string }[]
    expect(left.map(({ id }) => id)).toEqual([ids[0]])
    expect((await client.ask('DELETE', `${all}&keepLatest=false`)).status).toBe(204)
    expect((await client.ask('GET', all)).body).toBe('[]\n')
  })

  test('lists are filtered by application, empty ones are lists, and pages lead on', async () => {
    const none = await client.ask('GET', '/descriptors/?namespace=nobody')
    expect(none).toMatchObject({ status: 200, body: '[]\n' })
    const ids: string[] = []
    for (let index = 0; index < 5; index += 1)
      ids.push(await client.describe(descriptorOf('paged')))
    const whole = await client.ask('GET', '/descriptors/?namespace=default&appname=paged')
    const all = (JSON.parse(whole.body) as { id: string }[]).map(({ id }) => id)
    // Two of one millisecond have no order between them but their names'.
    expect(all.toSorted()).toEqual(ids.toSorted())
    const seen: string[] = []
    let path: string | undefined = '/descriptors/?namespace=default&appname=paged&pageSize=2'
    for (let pages = 0; path !== undefined; pages += 1) {
      const { body, headers } = await client.ask('GET', path)
      seen.push(...(JSON.parse(body) as { id: string }[]).map(({ id }) => id))
      path = /^<(.+)>; rel="next"$/.exec(headers['link'] ?? '')?.[1]
      expect(pages).toBeLessThan(3)
    }
    expect(seen).toEqual(all)
  })

  test('a password becomes a Secret, is answered nowhere, and stays when a change brings none', async () => {
    const password = 'planted-secret-7f3a'
    const id = await client.describe({ ...descriptorOf('guarded'), password })
    const path = `/descriptors/${id}/?namespace=default`
    const deployment = await client.deploy(id)
    await client.ask('PUT', path, { ...descriptorOf('guarded'), id })
    const bodies = await Promise.all([
      client.ask('GET', path),
      client.ask('GET', '/descriptors/?namespace=default'),
      client.ask('GET', `/deployments/${deployment}/?namespace=default`),
      client.ask('GET', `/deployments/${deployment}/logs?namespace=default`),
    ])
    expect(bodies.some(({ body }) => body.includes(password))).toBe(false)
    for (const plural of ['descriptors', 'appdeployments', 'deploymentlogs']) {
      const { body } = await desk.cluster.raw({
        path: `/apis/deployer.headgate.dev/v1alpha1/${plural}`,
      })
      expect(body).not.toContain(password)
    }
    const secret = await desk.cluster.get<KubeObject & { readonly data: Record<string, string> }>(
      kinds.secret,
      { namespace: 'default', name: `headgate-descriptor-${id}` },
    )
    expect(Buffer.from(secret.data['password'] ?? '', 'base64').toString()).toBe(password)
  })
})

describe('deployments', () => {
  test('POST answers 202 with the Location of a record with a copy of the descriptor', async () => {
    const id = await client.describe(descriptorOf('copied'))
    const made = await client.ask('POST', `/deployments/?namespace=default&descriptorId=${id}`)
    expect(made.status).toBe(202)
    const deployment = idIn(made.headers['location'])
    expect(made.headers['location']).toBe(`/deployments/${deployment}/?namespace=default`)
    const got = await client.deployment(deployment)
    expect(Object.keys(got)).toEqual([
      'id',
      'created',
      'lastModified',
      'version',
      'status',
      'descriptor',
    ])
    expect(got).toMatchObject({ id: deployment, status: 'DEPLOYING', descriptor: { id } })
    await client.ask('PUT', `/descriptors/${id}/?namespace=default`, {
      ...descriptorOf('copied'),
      id,
      replicas: 9,
    })
    expect((await client.deployment(deployment)).descriptor.replicas).toBe(2)
  })

  test('its log and its health data can be read from the first moment', async () => {
    const id = await client.deploy(await client.describe(descriptorOf('early')))
    const log = await client.ask('GET', `/deployments/${id}/logs?namespace=default`)
    expect(log).toMatchObject({ status: 200, body: '' })
    expect(log.headers['content-type']).toMatch(/^text\/plain/)
    const health = await client.ask('GET', `/deployments/${id}/healthcheckdata?namespace=default`)
    expect(health).toMatchObject({ status: 200, body: '[]\n' })
  })

  test('limit gives the newest of each application', async () => {
    const [one, other] = [
      await client.describe({ ...descriptorOf('one'), namespace: 'default' }),
      await client.describe(descriptorOf('other')),
    ]
    const ids: string[] = []
    for (const descriptor of [one, other, one, other, one])
      ids.push(await client.deploy(descriptor))
    const { body } = await client.ask('GET', '/deployments/?namespace=default&limit=1')
    const got = (JSON.parse(body) as { id: string }[]).map(({ id }) => id)
    expect(got.filter((id) => ids.includes(id))).toEqual([ids[3], ids[4]])
  })

  const at = (id: string, rest = ''): string => `/deployments/${id}${rest}?namespace=default`
  const rows: readonly [string, 'GET' | 'POST' | 'PUT' | 'DELETE', string, number][] = [
    [
      'deploying an unknown descriptor',
      'POST',
      `/deployments/?namespace=default&descriptorId=${missing}`,
      404,
    ],
    ['deploying nothing', 'POST', '/deployments/?namespace=default', 400],
    ['an unknown deployment', 'GET', at(missing, '/'), 404],
    ['its log', 'GET', at(missing, '/logs'), 404],
    ['its health data', 'GET', at(missing, '/healthcheckdata'), 404],
    ['redeploying it', 'PUT', at(missing, '/'), 404],
    ['undeploying it', 'DELETE', at(missing, '/'), 404],
    ['an id that is a path', 'GET', '/descriptors/..%2f..%2fsecrets?namespace=default', 404],
    ['another path', 'GET', '/nothing?namespace=default', 404],
  ]
  for (const [name, method, path, status] of rows) {
    test(`${name} is answered ${status}`, async () => {
      const answer = await client.ask(method, path)
      expect(answer.status).toBe(status)
      if (status === 404) expect(answer.body).toBe('')
    })
  }

  test('deleting many passes over what is on its way', async () => {
    const id = await client.deploy(await client.describe(descriptorOf('busy')))
    const path = '/deployments/?namespace=default&appname=busy'
    expect((await client.ask('DELETE', `${path}&undeploy=true`)).status).toBe(202)
    expect(await client.deployment(id)).toMatchObject({ status: 'DEPLOYING' })
    expect((await client.ask('DELETE', '/deployments/?namespace=default')).status).toBe(400)
  })
})

describe('every call', () => {
  const calls: readonly ['GET' | 'POST' | 'PUT' | 'DELETE', string][] = [
    ['GET', '/descriptors/'],
    ['POST', '/descriptors/'],
    ['DELETE', '/descriptors/'],
    ['POST', '/descriptors/validate'],
    ['GET', `/descriptors/${missing}/`],
    ['PUT', `/descriptors/${missing}/`],
    ['DELETE', `/descriptors/${missing}/`],
    ['GET', '/deployments/'],
    ['POST', '/deployments/'],
    ['DELETE', '/deployments/'],
    ['GET', `/deployments/${missing}/`],
    ['PUT', `/deployments/${missing}/`],
    ['DELETE', `/deployments/${missing}/`],
    ['GET', `/deployments/${missing}/logs`],
    ['GET', `/deployments/${missing}/healthcheckdata`],
    ['GET', `/stream/deployments/${missing}/logs`],
  ]
  for (const [method, path] of calls) {
    test(`${method} ${path} without namespace is 400`, async () => {
      expect(await client.ask(method, path)).toMatchObject({
        status: 400,
        body: 'the query parameter namespace is missing\n',
      })
    })
  }

  test('with and without the slash at the end is the same', async () => {
    expect((await client.ask('GET', '/descriptors?namespace=nobody')).status).toBe(200)
    expect((await client.ask('GET', '/descriptors/?namespace=nobody')).status).toBe(200)
  })

  test('the OpenAPI document names every route, and a page shows it', async () => {
    const document = JSON.parse((await client.ask('GET', '/docs/openapi.json')).body) as {
      paths: Record<string, Record<string, { operationId: string }>>
    }
    const named = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    )
    expect(named.sort()).toEqual(
      [
        ...['get', 'post', 'delete'].map((method) => `${method} /descriptors`),
        'post /descriptors/validate',
        ...['get', 'put', 'delete'].map((method) => `${method} /descriptors/{id}`),
        ...['get', 'post', 'delete'].map((method) => `${method} /deployments`),
        ...['get', 'put', 'delete'].map((method) => `${method} /deployments/{id}`),
        'get /deployments/{id}/logs',
        'get /deployments/{id}/healthcheckdata',
        'get /stream/deployments/{id}/logs',
      ].sort(),
    )
    const page = await client.ask('GET', '/docs')
    expect(page.body).toContain('POST /deployments')
    expect(page.headers['content-security-policy']).toContain("default-src 'none'")
  })
})
