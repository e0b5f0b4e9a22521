/** Everything under examples/canaryapp is taken by the API server, and what runs comes to serve; Argo CD's health rule. */
import { globSync, readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import type { Kind } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { image, sampleYaml } from './sample.ts'
import { Actor, sharedStage } from './stage.ts'

const stage = sharedStage()

const objects = globSync('examples/canaryapp/**/*.yaml')
  .sort()
  .flatMap((path) =>
    parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS() as KubeObject),
  )

/** By the way in which Kubernetes makes plurals of kinds. */
function kindOf({ apiVersion, kind }: KubeObject): Kind {
  const [first = '', second] = apiVersion.split('/')
  const [group, version] = second === undefined ? ['', first] : [first, second]
  const plural = `${kind.toLowerCase()}s`
  return { group, version, kind, plural, namespaced: kind !== 'ClusterRole' }
}

describe('the examples', () => {
  const known = objects.filter(
    ({ apiVersion, kind }) => !apiVersion.startsWith('argoproj.io') && kind !== 'ConfigMap',
  )

  test('are taken, and their CanaryApps serve', async () => {
    expect(known.length).toBeGreaterThan(5)
    const names = new Set<string>()
    for (const object of known) {
      const kind = kindOf(object)
      const metadata = kind.namespaced
        ? { ...object.metadata, namespace: 'default' }
        : object.metadata
      // The sample stands there twice: by itself, and as what Argo CD syncs.
      if (object.kind === 'CanaryApp' && names.has(metadata.name)) continue
      names.add(`${object.kind === 'CanaryApp' ? '' : object.kind}${metadata.name}`)
      await stage().local.cluster.create(kind, { ...object, metadata } as KubeObject)
    }
    for (const name of ['canaryapp-sample', 'canaryapp-extras'])
      await new Actor(stage(), name).until(({ status }) => status?.reason === 'Serving')
  })

  test('weakness 7: env, resources, probes and a second port arrive in pods and Service', async () => {
    const extras = new Actor(stage(), 'canaryapp-extras')
    const [main] = extras.deployment('primary')?.spec.template.spec.containers ?? []
    expect(main).toMatchObject({
      image: image('v1'),
      env: [{ name: 'GREETING' }],
      resources: { requests: { cpu: '50m' } },
      readinessProbe: { httpGet: { path: '/hello' } },
      ports: [{ name: 'http' }, { name: 'admin' }],
    })
    await expect
      .poll(() => extras.ask('/hello', 'extras.example.com'), { timeout: 10_000 })
      .toMatchObject({ status: 200 })
  })

  test('weakness 7, CD09: it is tested by steps of 20 up to 60', async () => {
    const extras = new Actor(stage(), 'canaryapp-extras')
    await extras.patch({ image: image('v2'), trafficShiftUpdateInterval: 5 })
    await extras.serves(image('v2'))
    expect(extras.weights).toEqual([20, 40, 60, 0])
  }, 60_000)
})

test('what Argo CD syncs is the sample of the document', () => {
  expect(readFileSync('examples/canaryapp/argocd/canaryapp.yaml', 'utf8')).toBe(sampleYaml)
})

describe('C26: the health rule for Argo CD', () => {
  const { data } = parse(readFileSync('examples/canaryapp/argocd-app/health.yaml', 'utf8')) as {
    data: Record<string, string>
  }
  const [[key = '', lua = ''] = []] = Object.entries(data)
  const health = asScript(lua)
  const given = (status: string, type: string, observedGeneration = 2): object => ({
    metadata: { generation: 2 },
    status: {
      observedGeneration,
      message: 'm',
      conditions: [
        { type: 'MeshReady', status: 'True' },
        { type, status },
      ],
    },
  })

  test('stands under the name of the kind', () =>
    expect(key).toBe('resource.customizations.health.canary.atze.io_CanaryApp'))

  const rows = [
    ['nothing is known', { metadata: { generation: 1 } }, 'Progressing'],
    ['the newest change was not looked at', given('True', 'Ready', 1), 'Progressing'],
    ['it is ready', given('True', 'Ready'), 'Healthy'],
    ['it is not ready', given('False', 'Ready'), 'Progressing'],
    ['it is degraded', given('True', 'Degraded'), 'Degraded'],
    ['it is not degraded', given('False', 'Degraded'), 'Progressing'],
  ] as const
  for (const [name, object, status] of rows)
    test(`when ${name}: ${status}`, () => expect(health(object).status).toBe(status))
})

/** The few words of Lua that the rule is written in, as JavaScript. */
function asScript(lua: string): (obj: object) => { status: string } {
  const script = lua
    .replaceAll(/\{ status = (".*?"), message = (".*?") \}/g, '{ status: $1, message: $2 }')
    .replaceAll(/for _, (\w+) in ipairs\((.*?)\) do/g, 'for (const $1 of $2) {')
    .replaceAll(/elseif (.*?) then/g, '} else if ($1) {')
    .replaceAll(/if (?!\()(.*?) then/g, 'if ($1) {')
    .replaceAll(/\bend\b/g, '}')
    .replaceAll('local ', 'let ')
    .replaceAll('~=', '!==')
    .replaceAll('==', '==')
    .replaceAll(' nil', ' undefined')
    .replaceAll(' or ', ' || ')
  return runInNewContext(`(function (obj) { ${script} })`) as (obj: object) => { status: string }
}
