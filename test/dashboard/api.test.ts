/** What the API says: by its schemas, in its document, without anything secret; and how the page's files are sent. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Obj } from '#core/schema/json.ts'
import { prune } from '#core/schema/prune.ts'
import type { Schema } from '#core/schema/schema.ts'
import { validateSchema } from '#core/schema/validate.ts'
import { schemas } from '#dashboard/http/schemas.ts'
import { table } from '#dashboard/table.ts'
import type { ActionPreview, ReleaseDetail } from '#dashboard/wire.ts'
import { type Controlled, control } from '../../bench/controlled.ts'
import { install, namespace, releaseOf } from '../../bench/objects.ts'
import { watchUntil } from '../../src/cli/wait.ts'
import { isAtRest, waitsFor } from '../cli/ground.ts'
import { type Events, follow, type Opened, openStage, type Stage } from './stage.ts'

const canary = 'canary-of-a-secret'
const path = `/api/v1/releases/headgate/${namespace}/shop`

let stage: Stage
let dashboard: Opened
let controlled: Controlled
let folder: string
let events: Events
beforeAll(async () => {
  stage = await openStage()
  controlled = await control(stage.cluster)
  folder = mkdtempSync(join(tmpdir(), 'headgate-page-'))
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), '<!doctype html><p>the page</p>')
  writeFileSync(join(folder, 'assets', 'headgate-0123abcd.js'), 'export {}')
  writeFileSync(join(folder, 'secret.txt'), canary)
  dashboard = await stage.open({ access: { kind: 'open' }, pages: folder })
  await plant()
  const query = `?door=headgate&namespace=${namespace}&name=shop`
  events = await follow(dashboard.running.port, query)
  await events.until('detail', ({ trials }: ReleaseDetail) => trials.length > 0)
})
afterAll(async () => {
  events.close()
  await controlled.stop()
  await stage.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** A release with something secret wherever one may be put, on trial with a second version. */
async function plant(): Promise<void> {
  const { api, releases } = stage.cluster
  await api.create(kinds.secret, {
    ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'shop', namespace } },
    data: { password: Buffer.from(canary).toString('base64') },
  } as KubeObject)
  const container = (image: string) => ({
    ...{ name: 'app', image, ports: [{ containerPort: 8080 }] },
    env: [
      { name: 'PASSWORD', value: canary },
      { name: 'OTHER', valueFrom: { secretKeyRef: { name: 'shop', key: 'password' } } },
    ],
  })
  const template = (image: string) => ({
    metadata: { labels: { app: 'shop' } },
    spec: {
      containers: [container(image)],
      initContainers: [{ ...container('init:v1'), name: 'init' }],
    },
  })
  const gate = {
    webhook: { url: 'https://gate.example/ask', headers: { 'x-team': canary } },
  }
  const release = releaseOf('shop', '0s', {
    template: template('shop:v0'),
    strategy: { canary: { steps: [{ weight: 20 }, { pause: {} }, { gate }] } },
  })
  const annotations = {
    'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ password: canary }),
    'link.headgate.dev/logs': 'https://logs.example/shop',
    'link.headgate.dev/script': 'javascript:alert(1)',
    'link.headgate.dev/data': 'data:text/html,<script>alert(1)</script>',
    'link.headgate.dev/plain': 'http://logs.example/shop',
    'link.headgate.dev/disguised': 'https://logs.example@evil.example/',
    'link.headgate.dev/none': 'not a URL',
  }
  await install(stage.cluster, { ...release, metadata: { ...release.metadata, annotations } })
  const until = (holds: typeof isAtRest): Promise<void> =>
    watchUntil(releases, () => {
      const own = releases.get(`${namespace}/shop`)
      return own !== undefined && holds(own)
    })
  await until(isAtRest)
  const body = { spec: { template: template('shop:v1') } }
  await api.patch(kinds.release, { namespace, name: 'shop' }, 'merge', body)
  await until(waitsFor('WaitingForApproval'))
}

/** Every problem of an answer, what its schema does not know among them. */
function problemsOf(schema: unknown, answer: unknown): readonly string[] {
  const wrapped: Schema = { type: 'object', properties: { answer: schema as Schema } }
  const object = { answer } as Obj
  const unknown: string[] = []
  prune(wrapped, object, unknown)
  return [...validateSchema(wrapped, object).map(({ message }) => message), ...unknown]
}

describe('by its schemas', () => {
  const answers: readonly (readonly [string, string, unknown])[] = [
    ['me', '/api/v1/me', schemas.Me],
    ['the list', '/api/v1/releases', schemas.ReleaseRows],
    ['a detail', path, schemas.ReleaseDetail],
    ['a preview', `${path}/actions/promote`, schemas.ActionPreview],
    ['a refusal', `${path}/actions/resume`, schemas.ApiError],
    ['what is not there', '/api/v1/nothing', schemas.ApiError],
  ]
  for (const [what, asked, schema] of answers) {
    test(`${what} is as its schema says`, async () => {
      const { body } = await dashboard.ask(asked)
      expect(body).toBeDefined()
      expect(problemsOf(schema, body)).toEqual([])
    })
  }

  test('so is every event of the stream, which no schema has cut', () => {
    expect(new Set(events.all.map(({ name }) => name))).toContain('detail')
    for (const { name, data } of events.all)
      expect(problemsOf(schemas.StreamEvents, { [name]: data })).toEqual([])
  })

  test('a detail in the stream is the one that is asked for', async () => {
    const { body } = await dashboard.ask(path)
    const newest = events.all.findLast(({ name }) => name === 'detail')
    expect(newest?.data).toEqual(body)
  })
})

describe('the document', () => {
  test('is OpenAPI 3.1 and names each route, with an answer and a way to sign in', async () => {
    const { body } = await dashboard.ask('/api/v1/openapi.json')
    const document = body as {
      readonly openapi: string
      readonly info: { readonly title: string; readonly version: string }
      readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
      readonly components: { readonly securitySchemes: object }
    }
    type Operation = {
      readonly operationId: string
      readonly summary: string
      readonly responses: Readonly<Record<string, { readonly description: string }>>
      readonly parameters?: readonly { readonly name: string; readonly in: string }[]
      readonly security?: readonly object[]
    }
    expect(document.openapi).toMatch(/^3\.1\.\d$/)
    expect(document.info).toMatchObject({ title: 'Headgate dashboard', version: 'test' })
    expect(document.components.securitySchemes).toHaveProperty('bearer')
    const named = Object.entries(document.paths).flatMap(([url, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ url, method, operation })),
    )
    const wanted = table.map(
      ({ method, url }) => `${method.toLowerCase()} ${url.replace(/:(\w+)/g, '{$1}')}`,
    )
    expect(named.map(({ method, url }) => `${method} ${url}`).toSorted()).toEqual(wanted.toSorted())
    for (const { url, operation } of named) {
      expect(operation.summary).toMatch(/\S/)
      expect(Object.keys(operation.responses)).toContain('200')
      for (const { description } of Object.values(operation.responses))
        expect(description).toMatch(/\S/)
      // Whatever stands in braces is a parameter, and no other is.
      const inPath = (operation.parameters ?? []).filter((one) => one.in === 'path')
      const braces = [...url.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      expect(inPath.map(({ name }) => name).toSorted()).toEqual(braces.toSorted())
      const row = table.find(({ id }) => id === operation.operationId)
      expect(operation.security !== undefined).toBe(row?.access.kind !== 'anybody')
    }
    const ids = named.map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('without anything secret', () => {
  test('in no answer, header or event is what was planted', async () => {
    const asked = [
      ...['/', '/api/v1/me', '/api/v1/releases', '/api/v1/openapi.json', path],
      ...[
        '/secret.txt',
        '/assets/..%2Fsecret.txt',
        '/assets/../secret.txt',
        '/assets/%2e%2e/secret.txt',
      ],
      ...['promote', 'promote-full', 'pause', 'resume', 'abort', 'retry', 'undo', 'restart'].map(
        (verb) => `${path}/actions/${verb}`,
      ),
    ]
    for (const one of asked) {
      const { text, headers } = await dashboard.ask(one)
      expect([one, `${text}${JSON.stringify(headers)}`.includes(canary)]).toEqual([one, false])
    }
    expect(JSON.stringify(events.all)).not.toContain(canary)
  })

  test('the manifest is whole but for that', async () => {
    const { body } = await dashboard.ask(path)
    const { manifest } = body as ReleaseDetail
    expect(manifest).toContain('name: PASSWORD')
    expect(manifest).toContain('secretKeyRef')
    expect(manifest.match(/\(hidden\)/g)).toHaveLength(3)
    expect(manifest).not.toMatch(/managedFields|last-applied/)
  })

  test('links are https, and lead where they say', async () => {
    const { body } = await dashboard.ask(path)
    expect((body as ReleaseDetail).links).toEqual([
      { title: 'logs', url: 'https://logs.example/shop' },
    ])
  })

  test('a preview of another template tells nothing of the template', async () => {
    const { body } = await dashboard.ask(`${path}/actions/restart`)
    expect((body as ActionPreview).effects.join()).not.toMatch(/env|PASSWORD/)
  })
})

describe('how it is sent', () => {
  test('every answer, also a refusal, is guarded', async () => {
    for (const one of ['/', '/assets/headgate-0123abcd.js', '/api/v1/releases', '/nothing']) {
      const { headers } = await dashboard.ask(one)
      expect([one, headers]).toEqual([
        one,
        expect.objectContaining({
          'content-security-policy': expect.stringMatching(
            /default-src 'none'.*frame-ancestors 'none'/,
          ),
          'x-content-type-options': 'nosniff',
          'x-frame-options': 'DENY',
          'referrer-policy': 'no-referrer',
        }),
      ])
      expect(headers['content-security-policy']).not.toMatch(/unsafe|https?:|\*/)
      expect(headers['set-cookie']).toBeUndefined()
      expect(headers['access-control-allow-origin']).toBeUndefined()
    }
    const stream = await fetch(`${dashboard.url}/api/v1/stream`)
    expect(stream.headers.get('x-content-type-options')).toBe('nosniff')
    await stream.body?.cancel()
  })

  test('the page is asked for each time; what has its hash in its name is kept for good', async () => {
    const page = await dashboard.ask('/')
    expect([page.code, page.text]).toEqual([200, '<!doctype html><p>the page</p>'])
    expect(page.headers).toMatchObject({
      'cache-control': 'no-store',
      'content-type': 'text/html; charset=utf-8',
    })
    const asset = await dashboard.ask('/assets/headgate-0123abcd.js')
    expect(asset.headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': 'text/javascript; charset=utf-8',
    })
    expect((await dashboard.ask('/api/v1/releases')).headers['cache-control']).toBe('no-store')
  })

  test('packed for those who take it so', async () => {
    const response = await fetch(`${dashboard.url}/assets/headgate-0123abcd.js`)
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect(await response.text()).toBe('export {}')
  })

  test('a page that was not built is said to be so; a file that is not there is not found', async () => {
    const bare = await stage.open({ access: { kind: 'open' }, pages: join(folder, 'none') })
    const page = await bare.ask('/')
    expect([page.code, page.text]).toEqual([404, expect.stringMatching(/was not built/)])
    expect((await dashboard.ask('/assets/other.js')).code).toBe(404)
  })

  test('other methods are none', async () => {
    expect((await dashboard.ask('/', { method: 'HEAD' })).code).toBe(200)
    expect((await dashboard.ask('/api/v1/stream', { method: 'HEAD' })).code).toBe(404)
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS'])
      expect([method, (await dashboard.ask(path, { method })).code]).toEqual([method, 404])
  })
})
