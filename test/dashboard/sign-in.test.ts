/** Who is let in: tokens of the cluster, tokens of an issuer, and nobody else; and the face that is open on loopback. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { AccessOptions } from '#dashboard/access.ts'
import { startDashboard } from '#dashboard/start.ts'
import type { ReleaseDetail } from '#dashboard/wire.ts'
import { sharedPorts } from '#http/shared-port.ts'
import type { Transport } from '#kube/http.ts'
import { silentLog } from '#kube/log.ts'
import { virtualClock } from '#kube/virtual-clock.ts'
import { releaseOf } from '../../bench/objects.ts'
import { confused, shared, token as signed, signers } from '../doors/deployer/tokens.ts'
import { type Issuer, idToken, openIssuer } from './issuer.ts'
import { follow, grant, type Opened, openStage, type Stage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
  const rules = [{ apiGroups: ['headgate.dev'], resources: ['releases'], verbs: ['get', 'list'] }]
  await grant(stage, 'viewer', rules)
})
afterAll(() => stage.stop())

const list = '/api/v1/releases'

describe('by tokens of the cluster', () => {
  let dashboard: Opened
  beforeAll(async () => {
    dashboard = await stage.open()
  })

  test('a token of our audience is let in, and says who it is', async () => {
    const token = await stage.tokenFor('viewer')
    expect((await dashboard.ask(list, { token })).code).toBe(200)
    const { body } = await dashboard.ask('/api/v1/me', { token })
    expect(body).toEqual({
      ...{ user: 'system:serviceaccount:default:viewer', signIn: 'token' },
      ...{ readOnly: false, version: 'test' },
    })
  })

  const rsa = signers.RS256()
  const rows: readonly (readonly [string, () => string | Promise<string>])[] = [
    ['another audience', () => stage.tokenFor('viewer', 'others')],
    ['the API server itself', () => stage.tokenFor('viewer', 'https://kubernetes.default.svc')],
    [
      'an account that is gone',
      async () => {
        const token = await stage.tokenFor('leaver')
        const at = { namespace: 'default', name: 'leaver' }
        await stage.cluster.api.remove(kinds.serviceAccount, at)
        return token
      },
    ],
    ['nobody: garbage', () => 'rubbish'],
    ['another cluster', () => signed(rsa, { sub: 'system:serviceaccount:default:viewer' })],
    ['nobody: alg none', () => `${signed(rsa, { sub: 'x' }).split('.').slice(0, 2).join('.')}.`],
    ['whoever has a public key', () => confused(rsa.pem)],
    ['a shared secret', () => signed(shared)],
  ]
  for (const [whose, tokenOf] of rows) {
    test(`a token of ${whose} is not`, async () => {
      const token = await tokenOf()
      const answer = await dashboard.ask(list, { token })
      expect([answer.code, answer.headers['www-authenticate']]).toEqual([401, 'Bearer'])
      expect((await dashboard.ask('/api/v1/me', { token })).code).toBe(401)
      expect((await follow(dashboard.running.port, '', token)).code).toBe(401)
    })
  }

  const headers: readonly (readonly [string, string])[] = [
    ['nothing after Bearer', 'Bearer '],
    ['another scheme', 'Basic YW5uOnNlY3JldA=='],
    ['two of them', 'Bearer a, Bearer b'],
  ]
  for (const [name, authorization] of headers) {
    test(`${name} is nobody`, async () => {
      expect((await dashboard.ask(list, { headers: { authorization } })).code).toBe(401)
    })
  }

  test('a token in the address is not looked at', async () => {
    const token = await stage.tokenFor('viewer')
    expect((await dashboard.ask(`${list}?access_token=${token}`)).code).toBe(401)
  })

  test('a header of 10 MB is refused before it is read', async () => {
    const token = 'a'.repeat(10 * 1024 * 1024)
    const code = await dashboard.ask(list, { token }).then(
      (answer) => answer.code,
      (error: NodeJS.ErrnoException) => error.code,
    )
    expect([431, 'ECONNRESET', 'EPIPE']).toContain(code)
  })
})

describe('when the API server cannot tell', () => {
  const failing =
    (part: string) =>
    (transport: Transport): Transport => ({
      ...transport,
      send: async (request, options) =>
        request.path.includes(part)
          ? { status: 500, headers: {}, body: empty() }
          : transport.send(request, options),
    })
  for (const review of ['tokenreviews', 'subjectaccessreviews']) {
    test(`${review} answered with 500 lets nobody in: 503`, async () => {
      const { ask } = await stage.open({ through: failing(review) })
      const token = await stage.tokenFor('viewer')
      const { code, body } = await ask(`${list}/headgate/default/shop`, { token })
      expect(code).toBe(503)
      expect(body).toMatchObject({
        error: { code: 503, message: expect.stringMatching(/try again/) },
      })
    })
  }
})

async function* empty(): AsyncGenerator<Uint8Array> {
  yield* []
}

test('a token that ends, ends its streams within a minute', async () => {
  const time = virtualClock()
  let isKnown = true
  const revoking = (transport: Transport): Transport => ({
    ...transport,
    send: async (request, options) => {
      if (isKnown || !request.path.endsWith('/tokenreviews'))
        return transport.send(request, options)
      const body = Buffer.from(JSON.stringify({ status: { authenticated: false } }))
      return {
        status: 201,
        headers: { 'content-type': 'application/json' },
        body: (async function* () {
          yield body
        })(),
      }
    },
  })
  const { running } = await stage.open({ clock: time.clock, through: revoking })
  const events = await follow(running.port, '', await stage.tokenFor('viewer'))
  await events.until('rows', () => true)
  isKnown = false
  let isOver = false
  void events.ended.then(() => (isOver = true))
  await time.advance(59_000)
  expect(isOver).toBe(false)
  await time.advance(2000)
  await events.ended
})

describe('by an issuer', () => {
  let issuer: Issuer
  let dashboard: Opened
  const options = (): AccessOptions => ({
    ...{ kind: 'oidc', issuer: issuer.url, clientId: 'headgate-page', userClaim: 'sub' },
    ...{ groupsClaim: 'groups', prefix: 'oidc:', scope: 'openid groups' },
  })
  beforeAll(async () => {
    issuer = await openIssuer()
    const api = 'rbac.authorization.k8s.io'
    await stage.post(`/apis/${api}/v1/clusterrolebindings`, {
      ...{ apiVersion: `${api}/v1`, kind: 'ClusterRoleBinding', metadata: { name: 'ops' } },
      roleRef: { apiGroup: api, kind: 'ClusterRole', name: 'viewer-all' },
      subjects: [{ apiGroup: api, kind: 'Group', name: 'oidc:ops' }],
    })
    dashboard = await stage.open({ access: options() })
  })
  afterAll(() => issuer.stop())

  const one = `${list}/headgate/default/none`

  test('a token of it is let in; its groups have the rights they are bound to', async () => {
    expect((await dashboard.ask(one, { token: idToken(issuer) })).code).toBe(404)
    const { body } = await dashboard.ask('/api/v1/me', { token: idToken(issuer) })
    expect(body).toMatchObject({ user: 'oidc:ann', signIn: 'oidc' })
    const token = idToken(issuer, { groups: ['others'] })
    expect((await dashboard.ask(one, { token })).code).toBe(403)
    // Without the prefix nobody becomes one of the cluster's own.
    const root = idToken(issuer, { sub: 'kubernetes-admin', groups: ['system:masters'] })
    expect((await dashboard.ask(one, { token: root })).code).toBe(403)
  })

  const past = Math.floor(Date.now() / 1000) - 120
  const rows: readonly (readonly [string, () => string])[] = [
    ['another issuer', () => idToken(issuer, { iss: 'https://evil.example' })],
    ['no issuer', () => idToken(issuer, { iss: undefined })],
    ['another audience', () => idToken(issuer, { aud: 'another-page' })],
    ['no audience', () => idToken(issuer, { aud: undefined })],
    ['a time that is over', () => idToken(issuer, { exp: past })],
    ['no end', () => idToken(issuer, { exp: undefined })],
    ['a time to come', () => idToken(issuer, { nbf: past + 600 })],
    ['no user', () => idToken(issuer, { sub: undefined })],
    ['an empty user', () => idToken(issuer, { sub: '' })],
    ['a user of blanks', () => idToken(issuer, { sub: '  ' })],
    ['a list of users', () => idToken(issuer, { sub: ['ann'] })],
    ['groups as one text', () => idToken(issuer, { groups: 'ops' })],
    ['an empty group', () => idToken(issuer, { groups: [''] })],
    ['groups of numbers', () => idToken(issuer, { groups: [1] })],
    ['another key', () => idToken({ ...issuer, signer: signers.RS256() })],
    ['a key by a path', () => idToken(issuer, {}, { kid: '../../../dev/null' })],
    ['critical headers', () => idToken(issuer, {}, { kid: 'one', crit: ['x'] })],
    ['the public key as a secret', () => confused(issuer.signer.pem)],
    [
      'no signature',
      () => {
        const [, body] = idToken(issuer).split('.')
        return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`
      },
    ],
    ['a body that was changed', () => idToken(issuer).replace(/\.(.)/, '.A$1')],
  ]
  for (const [what, token] of rows) {
    test(`a token with ${what} is not`, async () => {
      expect((await dashboard.ask(one, { token: token() })).code).toBe(401)
    })
  }

  test('names that the cluster keeps for its own are nobody, even without a prefix', async () => {
    const { ask } = await stage.open({ access: { ...options(), prefix: '' } as AccessOptions })
    const root = idToken(issuer, { sub: 'system:admin' })
    const masters = idToken(issuer, { groups: ['system:masters'] })
    expect((await ask(one, { token: root })).code).toBe(401)
    expect((await ask(one, { token: masters })).code).toBe(401)
  })

  test('an address that nobody has shown to be theirs is nobody', async () => {
    const { ask } = await stage.open({
      access: { ...options(), userClaim: 'email' } as AccessOptions,
    })
    const code = async (email_verified: unknown): Promise<number> => {
      const token = idToken(issuer, { email: 'ann@example.com', email_verified })
      return (await ask(one, { token })).code
    }
    expect([await code(true), await code(undefined), await code(false)]).toEqual([404, 404, 401])
  })

  test('a page learns where to send its user, and exchanges what it comes back with', async () => {
    const { body } = await dashboard.ask('/api/v1/me')
    expect(body).toMatchObject({
      oidc: {
        authorizationEndpoint: `${issuer.url}/authorize`,
        ...{ clientId: 'headgate-page', scope: 'openid groups' },
      },
    })
    const exchange = (asked: object) =>
      dashboard.ask('/api/v1/oidc/token', { method: 'POST', body: asked })
    const redirectUri = `${dashboard.url}/`
    const good = issuer.codeFor('a-verifier', idToken(issuer))
    const given = await exchange({ code: good, verifier: 'a-verifier', redirectUri })
    expect(given.code).toBe(200)
    const { token } = given.body as { token: string }
    expect((await dashboard.ask(one, { token })).code).toBe(404)
    // It is good once, and for whoever has the verifier.
    expect((await exchange({ code: good, verifier: 'a-verifier', redirectUri })).code).toBe(401)
    const other = issuer.codeFor('a-verifier', idToken(issuer))
    expect((await exchange({ code: other, verifier: 'guessed', redirectUri })).code).toBe(401)
    expect((await exchange({ code: other })).code).toBe(400)
  })

  test('an issuer that is down lets nobody in: 503', async () => {
    const { ask } = await stage.open({ access: options() })
    issuer.broken.code = 500
    expect((await ask(one, { token: idToken(issuer) })).code).toBe(503)
    issuer.broken.code = undefined
    expect((await ask(one, { token: idToken(issuer) })).code).toBe(404)
  })

  test('an issuer that speaks for another, or points to plain http elsewhere, is not believed', async () => {
    for (const [name, value] of [
      ['issuer', 'https://evil.example'],
      ['jwks_uri', 'http://evil.example/keys'],
    ] as const) {
      const { ask } = await stage.open({ access: options() })
      issuer.says.set(name, value)
      expect((await ask(one, { token: idToken(issuer) })).code).toBe(503)
      issuer.says.clear()
    }
  })

  test('its address must be https', async () => {
    const access = { ...options(), issuer: 'http://issuer.example' } as AccessOptions
    await expect(stage.open({ access })).rejects.toThrow(/must be an https address/)
  })
})

describe('open, on loopback', () => {
  let dashboard: Opened
  beforeAll(async () => {
    dashboard = await stage.open({ access: { kind: 'open' } })
  })

  test('needs no sign-in', async () => {
    expect((await dashboard.ask(list)).code).toBe(200)
    expect((await dashboard.ask('/api/v1/me')).body).toMatchObject({ signIn: 'open' })
  })

  test('is on loopback alone', async () => {
    const { cluster } = stage
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'example.com'])
      await expect(
        startDashboard({
          ...{ cluster: cluster.api, clock: cluster.ports.clock, log: silentLog },
          address: { host, port: 0 },
          listen: sharedPorts(cluster.ports.clock),
          access: { kind: 'open' },
          ...{ readOnly: false, version: 'test' },
        }),
      ).rejects.toThrow(/would be open to others/)
  })

  const hostile: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['a name that leads here', { host: 'evil.example:8000' }],
    ['a name like ours', { host: '127.0.0.1.evil.example' }],
    ['another page', { origin: 'https://evil.example' }],
    ['a page without a name', { origin: 'null' }],
    ['a page of another port here', { origin: 'http://127.0.0.1:1' }],
    ['an image of another page', { 'sec-fetch-site': 'cross-site' }],
  ]
  for (const [what, headers] of hostile) {
    test(`refuses ${what}, on every path`, async () => {
      const paths = ['/', '/assets/a.js', '/api/v1/me', list, '/api/v1/stream', '/nothing']
      for (const path of paths)
        expect([path, (await dashboard.ask(path, { headers })).code]).toEqual([path, 403])
      const action = `${list}/headgate/default/shop/actions/promote`
      const asked = { method: 'POST', headers, body: { revision: 'x' } }
      expect((await dashboard.ask(action, asked)).code).toBe(403)
    })
  }

  test('refuses what a form can send', async () => {
    const headers = { 'content-type': 'text/plain' }
    const action = `${list}/headgate/default/shop/actions/promote`
    const asked = { method: 'POST', headers, body: { revision: 'x' } }
    expect((await dashboard.ask(action, asked)).code).toBe(403)
  })
})

test('open, with the credentials of somebody who may only look, nobody acts', async () => {
  const { cluster } = stage
  await cluster.api.create(kinds.release, releaseOf('shown', '0s'))
  const verbs = ['get', 'list', 'watch']
  await grant(stage, 'looker', [{ apiGroups: ['headgate.dev'], resources: ['releases'], verbs }])
  const account = {
    name: 'system:serviceaccount:default:looker',
    groups: ['system:authenticated'],
  }
  const { ask } = await stage.open({
    access: { kind: 'open' },
    through: () => cluster.server.transport(account),
  })
  const path = '/api/v1/releases/headgate/default/shown'
  const { code, body } = await ask(path)
  expect(code).toBe(200)
  const said = (body as ReleaseDetail).actions.map(({ allowed, because }) => [allowed, because])
  expect(said).toHaveLength(8)
  for (const one of said) expect(one).toEqual([false, expect.stringMatching(/^you may not \w+ /)])
  const asked = { method: 'POST', body: { revision: 'x' } }
  expect((await ask(`${path}/actions/promote`, asked)).code).toBe(403)
})
