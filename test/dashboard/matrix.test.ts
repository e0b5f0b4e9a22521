/** Who may do what: every route × verb × namespace × role, against a table of what each role is for. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { actionVerbs } from '#dashboard/http/schemas.ts'
import { table } from '#dashboard/table.ts'
import type { ReleaseRow } from '#dashboard/wire.ts'
import { releaseOf } from '../../bench/objects.ts'
import { audience, grant, type Opened, openStage, type Stage } from './stage.ts'

const namespaces = ['red', 'blue'] as const
const doors = ['headgate', 'kulta', 'superposition', 'deployer'] as const
type Namespace = (typeof namespaces)[number]

/** Which verbs a role has on which resource in which namespace: written by hand, and no other way. */
type Role = {
  readonly verbs: readonly string[]
  readonly resources: readonly ('releases' | 'rollouts')[]
  readonly namespaces: readonly Namespace[]
  readonly names?: readonly string[]
}

const roles: Readonly<Record<string, Role>> = {
  stranger: { verbs: [], resources: [], namespaces: [] },
  viewer: { verbs: ['get', 'list'], resources: ['releases', 'rollouts'], namespaces: ['red'] },
  auditor: {
    verbs: ['get', 'list'],
    resources: ['releases', 'rollouts'],
    namespaces: [...namespaces],
  },
  operator: {
    verbs: [...['get', 'list', 'pause', 'resume', 'promote', 'abort', 'retry', 'undo', 'restart']],
    resources: ['releases', 'rollouts'],
    namespaces: ['red'],
  },
  promoter: {
    verbs: ['get', 'list', 'promote'],
    resources: ['releases'],
    namespaces: ['red', 'blue'],
  },
  // To abort without being allowed to look is of no use: both are asked for.
  blind: { verbs: ['abort'], resources: ['releases'], namespaces: ['red'] },
  // All that Kubernetes itself would take for the write; the custom verbs are not among it.
  patcher: {
    verbs: ['get', 'list', 'watch', 'patch', 'update', 'delete'],
    resources: ['releases', 'rollouts'],
    namespaces: ['red'],
  },
  named: {
    verbs: ['get', 'pause'],
    resources: ['releases'],
    namespaces: ['red'],
    names: ['shop'],
  },
}

const groups = { releases: 'headgate.dev', rollouts: 'kulta.io' } as const
const resourceOf = { headgate: 'releases', kulta: 'rollouts' } as const

function isGranted(
  role: Role,
  door: (typeof doors)[number],
  namespace: Namespace,
  verbs: readonly string[],
): boolean {
  const resource = door === 'kulta' ? resourceOf.kulta : resourceOf.headgate
  return (
    role.resources.includes(resource) &&
    role.namespaces.includes(namespace) &&
    verbs.every((verb) => role.verbs.includes(verb))
  )
}

let stage: Stage
let dashboard: Opened
const tokens = new Map<string, string>()

beforeAll(async () => {
  stage = await openStage()
  for (const name of namespaces) {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } as KubeObject
    await stage.cluster.api.create(kinds.namespace, namespace)
    const release = releaseOf('shop', '0s')
    await stage.cluster.api.create(kinds.release, {
      ...release,
      metadata: { name: 'shop', namespace: name },
    })
    await stage.cluster.api.create(kinds.rollout, rolloutIn(name))
    for (const door of ['superposition', 'deployer']) {
      const labels = { 'headgate.dev/door': door }
      const metadata = { name: `${door}-shop`, namespace: name, labels }
      await stage.cluster.api.create(kinds.release, { ...release, metadata })
    }
  }
  for (const [account, { verbs, resources, namespaces: own, names }] of Object.entries(roles)) {
    tokens.set(account, await stage.tokenFor(account))
    const rules = resources.map((resource) => ({
      apiGroups: [groups[resource]],
      resources: [resource],
      verbs,
      ...(names === undefined ? {} : { resourceNames: names }),
    }))
    for (const namespace of own) await grant(stage, account, rules, namespace)
  }
  dashboard = await stage.open({ access: { kind: 'token', audience } })
})
afterAll(() => stage.stop())

function rolloutIn(namespace: string): KubeObject {
  const labels = { app: 'cart' }
  return {
    apiVersion: 'kulta.io/v1beta1',
    kind: 'Rollout',
    metadata: { name: 'shop', namespace },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'cart:v1' }] } },
      strategy: {
        canary: { stableService: 'cart', canaryService: 'cart-canary', steps: [{ setWeight: 50 }] },
      },
    },
  } as KubeObject
}

/** The object that carries a door's release in a namespace. */
const nameOf = (door: (typeof doors)[number]): string =>
  door === 'headgate' || door === 'kulta' ? 'shop' : `${door}-shop`

for (const [account, role] of Object.entries(roles)) {
  describe(account, () => {
    const token = (): string => tokens.get(account) ?? ''

    for (const door of doors) {
      for (const namespace of namespaces) {
        const path = `/api/v1/releases/${door}/${namespace}/${nameOf(door)}`
        const isNamed = role.names === undefined || role.names.includes(nameOf(door))
        const may = (...verbs: readonly string[]): boolean =>
          isNamed && isGranted(role, door, namespace, verbs)

        test(`looks at ${door} in ${namespace}: ${may('get') ? 'yes' : 'no'}`, async () => {
          const { code } = await dashboard.ask(path, { token: token() })
          expect(code).toBe(may('get') ? 200 : 403)
        })

        test(`acts on ${door} in ${namespace} as far as its verbs go`, async () => {
          for (const verb of actionVerbs) {
            const action = `${path}/actions/${verb}`
            const preview = await dashboard.ask(action, { token: token() })
            // Meant for a revision that never was: whoever is let in is told so, and nothing happens.
            const body = { revision: 'never-was' }
            const acted = await dashboard.ask(action, { method: 'POST', token: token(), body })
            // To go past all steps is a way to promote.
            const letIn = may('get', verb === 'promote-full' ? 'promote' : verb)
            expect([verb, [200, 409].includes(preview.code), acted.code]).toEqual([
              verb,
              letIn,
              letIn ? 409 : 403,
            ])
          }
        })
      }
    }

    test('is listed what it may list, and no other', async () => {
      const { code, body } = await dashboard.ask('/api/v1/releases', { token: token() })
      expect(code).toBe(200)
      const wanted = doors.flatMap((door) =>
        namespaces
          .filter(
            (namespace) => role.names === undefined && isGranted(role, door, namespace, ['list']),
          )
          .map((namespace) => `${door}/${namespace}/${nameOf(door)}`),
      )
      const rows = body as readonly ReleaseRow[]
      const seen = rows.map(({ door, namespace, name }) => `${door}/${namespace}/${name}`)
      expect(seen.toSorted()).toEqual(wanted.toSorted())
    })
  })
}

describe('without a name', () => {
  const open = ['/', '/assets/none.js', '/api/v1/me', '/api/v1/openapi.json']
  const rows = table.map(({ method, url }) => {
    const path = url
      .replace(':door', 'headgate')
      .replace(':namespace', 'red')
      .replace(':name', 'shop')
      .replace(':verb', 'promote')
      .replace(':file', 'none.js')
    return [method, path] as const
  })

  for (const [method, path] of rows) {
    test(`${method} ${path}`, async () => {
      const body = method === 'POST' ? { revision: 'x' } : undefined
      const { code } = await dashboard.ask(path, { method, body })
      if (open.includes(path)) expect([200, 404]).toContain(code)
      // Before any token is there, its exchange cannot ask for one; it makes no sense without an issuer.
      else if (path === '/api/v1/oidc/token') expect([400, 404]).toContain(code)
      else expect(code).toBe(401)
    })
  }
})

test('what does not exist is forbidden to those who may not know, and not found by those who may', async () => {
  const path = '/api/v1/releases/headgate/red/nothing'
  expect((await dashboard.ask(path, { token: tokens.get('stranger') ?? '' })).code).toBe(403)
  expect((await dashboard.ask(path, { token: tokens.get('viewer') ?? '' })).code).toBe(404)
})

test('a path that would be another one is none', async () => {
  const token = tokens.get('auditor') ?? ''
  for (const path of [
    '/api/v1/releases/headgate/red/..%2F..%2Fsecrets',
    '/api/v1/releases/headgate/red%2F..%2Fblue/shop',
    '/api/v1/releases/secrets/red/shop',
    '/api/v1/releases/headgate/red/shop/actions/delete',
    '/api/v1/releases/__proto__/red/shop',
  ])
    expect([path, (await dashboard.ask(path, { token })).code]).toEqual([path, 404])
})
