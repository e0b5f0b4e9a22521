/** Who somebody is: tokens of both kinds and everything that is wrong with them, impersonation, accounts of pods. */
import { createHmac } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import { systemPorts } from '#kube/system.ts'
import { type VirtualClock, virtualClock } from '#kube/virtual-clock.ts'
import type { User } from '../machine.ts'
import { type Asker, askAs, freshServer, type Json } from '../testing/ask.ts'
import { serviceAccount } from './users.ts'

const issuer = 'https://kubernetes.default.svc.cluster.local'
const inDefault = '/api/v1/namespaces/default'
const authentication = '/apis/authentication.k8s.io/v1'
const bob: User = { name: 'bob', groups: ['system:authenticated'] }

let admin: Asker
let time: VirtualClock
beforeEach(async () => {
  time = virtualClock()
  admin = await freshServer({}, { ...systemPorts(), clock: time.clock })
  await admin.post(`${inDefault}/serviceaccounts`, { metadata: { name: 'robot' } })
})

type Given = { readonly audiences?: readonly string[]; readonly expirationSeconds?: number }

const request = (spec: Given & Json = {}, name = 'robot', asker = admin) =>
  asker.post(`${inDefault}/serviceaccounts/${name}/token`, { spec })

async function tokenOf(spec: Given & Json = {}, asker = admin): Promise<string> {
  return (await request(spec, 'robot', asker)).body.status.token
}

/** The name of a token's bearer, or the code of the refusal. */
function bearer(token: string): string | number {
  try {
    return admin.server.identify({ authorization: `Bearer ${token}`, certificate: undefined }).name
  } catch (error) {
    return (error as { code: number }).code
  }
}

const decode = (part = ''): Json => JSON.parse(Buffer.from(part, 'base64url').toString())
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const robotName = 'system:serviceaccount:default:robot'

test('a token says whose it is, for whom and until when', async () => {
  const { status, body } = await request({ audiences: ['x', 'y'], expirationSeconds: 900 })
  expect(status).toBe(201)
  const { uid } = (await admin.get(`${inDefault}/serviceaccounts/robot`)).body.metadata
  expect(body.status.expirationTimestamp).toBe('2026-01-01T00:15:00Z')
  expect(body.spec).toEqual({
    audiences: ['x', 'y'],
    expirationSeconds: 900,
    boundObjectRef: null,
  })
  const now = Date.UTC(2026, 0, 1) / 1000
  expect(decode(body.status.token.split('.')[1])).toEqual({
    aud: ['x', 'y'],
    exp: now + 900,
    iat: now,
    iss: issuer,
    jti: expect.any(String),
    'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'robot', uid } },
    nbf: now,
    sub: robotName,
  })
})

const forgeries: [
  string,
  (token: string, keys: Json) => string | Promise<string>,
  string | number,
][] = [
  ['as it is', (token) => token, robotName],
  ['for somebody else', () => tokenOf({ audiences: ['x'] }), 401],
  ['of another cluster', async () => tokenOf({}, await another()), 401],
  ['with a longer signature', (token) => `${token}x`, 401],
  ['without signature', (token) => token.replace(/[^.]*$/, ''), 401],
  ['with other claims', (token) => withClaims(token, { sub: 'system:admin' }), 401],
  ['with algorithm none', (token) => withHeader(token, { alg: 'none' }).replace(/[^.]*$/, ''), 401],
  [
    'with a key that is none of ours',
    (token) => withHeader(token, { kid: '../../etc/passwd' }),
    401,
  ],
  ['signed with the public key as a secret', signedWithPublicKey, 401],
  ['of another issuer', (token) => withClaims(token, { iss: 'https://example.com' }), 401],
  ['in pieces', () => 'a.b.c', 401],
  ['of ten million letters', () => 'a'.repeat(10_000_000), 401],
]
for (const [what, forged, expected] of forgeries) {
  test(`a token ${what}: ${expected}`, async () => {
    const keys = (await admin.get('/openid/v1/jwks')).body
    expect(bearer(await forged(await tokenOf(), keys))).toBe(expected)
  })
}

async function another(): Promise<Asker> {
  const other = await freshServer({}, { ...systemPorts(), clock: time.clock })
  await other.post(`${inDefault}/serviceaccounts`, { metadata: { name: 'robot' } })
  return other
}

function withHeader(token: string, changes: Json): string {
  const [head, ...rest] = token.split('.')
  return [encode({ ...decode(head), ...changes }), ...rest].join('.')
}

function withClaims(token: string, changes: Json): string {
  const [head, claims, signature] = token.split('.')
  return [head, encode({ ...decode(claims), ...changes }), signature].join('.')
}

function signedWithPublicKey(token: string, keys: Json): string {
  const [head, claims] = token.split('.')
  const text = `${encode({ ...decode(head), alg: 'HS256' })}.${claims}`
  const secret = JSON.stringify((keys.keys as Json[])[0])
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

const endings: [string, () => Promise<unknown>][] = [
  ['its time is over', () => time.advance(3600_000 + 61_000)],
  ['its account is gone', () => admin.remove(`${inDefault}/serviceaccounts/robot`)],
  [
    'its account is another of the same name',
    async () => {
      await admin.remove(`${inDefault}/serviceaccounts/robot`)
      await admin.post(`${inDefault}/serviceaccounts`, { metadata: { name: 'robot' } })
    },
  ],
]
for (const [what, end] of endings) {
  test(`a token ends when ${what}`, async () => {
    const token = await tokenOf()
    expect(bearer(token)).toBe(robotName)
    await end()
    expect(bearer(token)).toBe(401)
  })
}

const pod = (name: string, spec: Json = {}): Json => ({
  metadata: { name },
  spec: { containers: [{ name: 'app', image: 'a:1' }], ...spec },
})

test('a token bound to a pod tells of it, and ends with it', async () => {
  await admin.post(`${inDefault}/pods`, pod('p', { serviceAccountName: 'robot' }))
  const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'p' }
  const token = await tokenOf({ boundObjectRef, expirationSeconds: 3607 })
  const claims = decode(token.split('.')[1])
  // What pods ask for lasts a year, with a warning when they should have asked again.
  expect([Number(claims.exp) - Number(claims.iat), claims['kubernetes.io']]).toEqual([
    365 * 24 * 3600,
    expect.objectContaining({ warnafter: Number(claims.iat) + 3607 }),
  ])
  const { body } = await admin.post(`${authentication}/tokenreviews`, { spec: { token } })
  expect(body.status.user.extra).toMatchObject({
    'authentication.kubernetes.io/pod-name': ['p'],
    'authentication.kubernetes.io/credential-id': [`JTI=${String(claims.jti)}`],
  })
  await admin.remove(`${inDefault}/pods/p`)
  expect(bearer(token)).toBe(401)
})

const refused: [string, Json, number, string][] = [
  [
    'too short a time',
    { spec: { expirationSeconds: 10 } },
    422,
    'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 10: may not specify a duration less than 10 minutes',
  ],
  [
    'another name',
    { metadata: { name: 'other' } },
    422,
    'TokenRequest.authentication.k8s.io "robot" is invalid: metadata.name: Invalid value: "other": must match the service account name if specified',
  ],
  [
    'a pod that is not there',
    { spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'none' } } },
    404,
    'pods "none" not found',
  ],
  [
    'a pod of another account',
    { spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'other' } } },
    400,
    'cannot bind token for serviceaccount "robot" to pod running with different serviceaccount name.',
  ],
  [
    'another object of that name',
    { spec: { boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 's', uid: 'u' } } },
    409,
    'Operation cannot be fulfilled on Secret "s": the UID in the bound object reference (u) does not match the UID in record. The object might have been deleted and then recreated',
  ],
  [
    'an object of no such kind',
    { spec: { boundObjectRef: { kind: 'Foo', apiVersion: 'v1', name: 'p' } } },
    400,
    'cannot bind token to object of type /v1, Kind=Foo',
  ],
]
for (const [what, body, status, message] of refused) {
  test(`no token for ${what}`, async () => {
    await admin.post(`${inDefault}/pods`, pod('other'))
    await admin.post(`${inDefault}/secrets`, { metadata: { name: 's' } })
    const answer = await admin.post(`${inDefault}/serviceaccounts/robot/token`, body)
    expect([answer.status, answer.body.message]).toEqual([status, message])
  })
}

test('only those who may create tokens do', async () => {
  const answer = await request({}, 'robot', askAs(admin.server, bob))
  expect(answer.body.message).toBe(
    'serviceaccounts "robot" is forbidden: User "bob" cannot create resource "serviceaccounts/token" in API group "" in the namespace "default"',
  )
  expect((await request({}, 'nobody')).body.message).toBe('serviceaccounts "nobody" not found')
})

const strangerAudience = `token audiences ["x"] is invalid for the target audiences ["${issuer}"]`
const told: [string, (token: string, other: string) => Json, Json][] = [
  ['nonsense', () => ({ token: 'nonsense' }), { user: {}, error: 'invalid bearer token' }],
  [
    'one for others',
    (_, token) => ({ token }),
    { user: {}, error: `[invalid bearer token, ${strangerAudience}]` },
  ],
  [
    'a forged one',
    (token) => ({ token: `${token}x` }),
    {
      user: {},
      error: '[invalid bearer token, go-jose/go-jose: error in cryptographic primitive]',
    },
  ],
  [
    'one for us',
    (token) => ({ token }),
    {
      authenticated: true,
      user: expect.objectContaining({ username: robotName }),
      audiences: [issuer],
    },
  ],
  [
    'one for those who ask',
    (_, token) => ({ token, audiences: ['x', 'y'] }),
    { authenticated: true, user: expect.anything(), audiences: ['x'] },
  ],
  [
    'one that was given out by hand',
    () => ({ token: 'by-hand' }),
    {
      authenticated: true,
      user: { username: 'bob', groups: ['system:authenticated'] },
      audiences: [issuer],
    },
  ],
  [
    'one that was given out by hand, for others',
    () => ({ token: 'by-hand', audiences: ['z'] }),
    { user: {}, error: 'invalid bearer token' },
  ],
]
for (const [what, spec, status] of told) {
  test(`a token review of ${what}`, async () => {
    admin.server.tokens.set('by-hand', bob)
    const asked = spec(await tokenOf(), await tokenOf({ audiences: ['x'] }))
    const { body } = await admin.post(`${authentication}/tokenreviews`, { spec: asked })
    expect(body.status).toEqual(status)
  })
}

test('a token review of nothing is a mistake', async () => {
  const { status, body } = await admin.post(`${authentication}/tokenreviews`, { spec: {} })
  expect([status, body.message]).toEqual([
    400,
    'token is required for TokenReview in authentication',
  ])
})

const whoami = (headers: Record<string, string>, asker = admin) =>
  asker.ask('POST', `${authentication}/selfsubjectreviews`, {}, headers)

const roles: [string, Record<string, string>, Json][] = [
  ['a user', { user: 'jane' }, { username: 'jane', groups: ['system:authenticated'] }],
  [
    'a member of groups',
    { user: 'jane', group: 'a\nb, c' },
    { username: 'jane', groups: ['a', 'b, c', 'system:authenticated'] },
  ],
  [
    'a service account',
    { user: robotName },
    {
      username: robotName,
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    },
  ],
  [
    'a service account in other groups',
    { user: robotName, group: 'x' },
    { username: robotName, groups: ['x', 'system:authenticated'] },
  ],
  [
    'somebody with everything',
    { user: 'jane', uid: '7', 'extra-sc%2fopes': 'x\ny' },
    {
      username: 'jane',
      uid: '7',
      groups: ['system:authenticated'],
      extra: { 'sc/opes': ['x', 'y'] },
    },
  ],
]
for (const [what, wishes, userInfo] of roles) {
  test(`the admin acts as ${what}`, async () => {
    const headers = Object.fromEntries(
      Object.entries(wishes).map(([name, value]) => [`impersonate-${name}`, value]),
    )
    expect((await whoami(headers)).body.status.userInfo).toEqual(userInfo)
  })
}

const group = 'rbac.authorization.k8s.io'
const denials: [string, Record<string, string>, string][] = [
  [
    'a user',
    { 'impersonate-user': 'jane' },
    'users "jane" is forbidden: User "bob" cannot impersonate resource "users" in API group "" at the cluster scope',
  ],
  [
    'an account',
    { 'impersonate-user': robotName },
    'serviceaccounts "robot" is forbidden: User "bob" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "default"',
  ],
  [
    'a member of a group',
    { 'impersonate-user': 'allowed', 'impersonate-group': 'system:masters' },
    'groups "system:masters" is forbidden: User "bob" cannot impersonate resource "groups" in API group "" at the cluster scope',
  ],
  [
    'somebody with extras',
    { 'impersonate-user': 'allowed', 'impersonate-extra-scopes': 'x' },
    'userextras.authentication.k8s.io "x" is forbidden: User "bob" cannot impersonate resource "userextras/scopes" in API group "authentication.k8s.io" at the cluster scope',
  ],
]
for (const [what, headers, message] of denials) {
  test(`not everybody acts as ${what}`, async () => {
    await admin.post(`/apis/${group}/v1/clusterroles`, {
      metadata: { name: 'actor' },
      rules: [
        {
          apiGroups: [''],
          resources: ['users'],
          verbs: ['impersonate'],
          resourceNames: ['allowed'],
        },
      ],
    })
    await admin.post(`/apis/${group}/v1/clusterrolebindings`, {
      metadata: { name: 'actor' },
      roleRef: { kind: 'ClusterRole', name: 'actor' },
      subjects: [{ kind: 'User', name: 'bob' }],
    })
    const his = askAs(admin.server, bob)
    expect((await whoami({ 'impersonate-user': 'allowed' }, his)).status).toBe(201)
    const { status, body } = await whoami(headers, his)
    expect([status, body.message]).toEqual([403, message])
  })
}

test('who is acted as has no more rights than his own', async () => {
  const answer = await admin.get(`${inDefault}/secrets`, { 'impersonate-user': 'jane' })
  expect([answer.status, answer.body.message]).toEqual([
    403,
    'secrets is forbidden: User "jane" cannot list resource "secrets" in API group "" in the namespace "default"',
  ])
})

test('a group without a user makes no sense', async () => {
  const answer = await admin.get('/api', { 'impersonate-group': 'g' })
  expect([answer.status, answer.body]).toEqual([
    500,
    'Internal Server Error: "/api": requested [{Group  g    }] without impersonating a user\n',
  ])
})

test('the keys and where they are can be read', async () => {
  const { body, headers } = await admin.get('/.well-known/openid-configuration', { host: 'h:1' })
  expect(body).toEqual({
    issuer,
    jwks_uri: 'https://h:1/openid/v1/jwks',
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  })
  expect(headers['cache-control']).toBe('public, max-age=3600')
  const keys = await admin.get('/openid/v1/jwks')
  expect(keys.body.keys[0]).toMatchObject({ use: 'sig', kty: 'EC', crv: 'P-256', alg: 'ES256' })
})

test('a pod has the account default unless it names one', async () => {
  const made = await admin.post(`${inDefault}/pods`, pod('a'))
  expect([made.body.spec.serviceAccountName, made.body.spec.serviceAccount]).toEqual([
    'default',
    'default',
  ])
  const named = await admin.post(`${inDefault}/pods`, pod('b', { serviceAccountName: 'robot' }))
  expect([named.body.spec.serviceAccountName, named.body.spec.volumes]).toEqual([
    'robot',
    undefined,
  ])
  const owned = JSON.stringify(made.body.metadata.managedFields)
  expect(owned).not.toContain('serviceAccount')
})

test('a pod of an account that is not there is refused', async () => {
  const answer = await admin.post(`${inDefault}/pods`, pod('a', { serviceAccountName: 'ghost' }))
  expect([answer.status, answer.body.message]).toEqual([
    403,
    'pods "a" is forbidden: error looking up service account default/ghost: serviceaccount "ghost" not found',
  ])
})

test('a pod inherits the pull secrets of its account', async () => {
  await admin.patch(`${inDefault}/serviceaccounts/robot`, 'merge', {
    imagePullSecrets: [{ name: 'key' }],
  })
  const { body } = await admin.post(`${inDefault}/pods`, pod('a', { serviceAccountName: 'robot' }))
  expect(body.spec.imagePullSecrets).toEqual([{ name: 'key' }])
})

test('an account needs no token to be asked for in the same thread', async () => {
  const { body } = await whoami({}, askAs(admin.server, serviceAccount('default', 'robot')))
  expect(body.status.userInfo.username).toBe(robotName)
})
