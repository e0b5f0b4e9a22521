/** Tokens and rights, as an API server with accounts and roles sees them. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cluster } from '#kube/cluster.ts'
import { connectTo } from '#kube/connect.ts'
import { systemPorts } from '#kube/system.ts'
import { type VirtualClock, virtualClock } from '#kube/virtual-clock.ts'
import { type RunningApiServer, startApiServer } from '#local/api-server/start.ts'
import { accessReviews } from './may.ts'
import { CannotTell, tokenReviewSignIn } from './sign-in.ts'

let server: RunningApiServer
let cluster: Cluster
let time: VirtualClock
let asked: string[]
beforeEach(async () => {
  time = virtualClock()
  server = await startApiServer({ ports: systemPorts() })
  const transport = server.transport()
  asked = []
  const send: typeof transport.send = (request, options) => {
    asked.push(request.path)
    return transport.send(request, options)
  }
  cluster = connectTo({ ...transport, send }, { ...systemPorts(), clock: time.clock })
  await cluster.create(kinds.serviceAccount, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'robot', namespace: 'default' },
  } as KubeObject)
})
afterEach(async () => {
  await cluster.close()
  await server.close()
})

async function tokenFor(audience: string): Promise<string> {
  const { body } = await cluster.raw({
    method: 'POST',
    path: '/api/v1/namespaces/default/serviceaccounts/robot/token',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ spec: { audiences: [audience] } }),
  })
  return (JSON.parse(body) as { status: { token: string } }).status.token
}

const robot = 'system:serviceaccount:default:robot'

test('a token of our audience says who it is, and is asked about once', async () => {
  const signIn = tokenReviewSignIn(cluster, { audiences: ['headgate'] })
  const authorization = `Bearer ${await tokenFor('headgate')}`
  const [first, second] = await Promise.all([signIn({ authorization }), signIn({ authorization })])
  expect(first).toMatchObject({ name: robot })
  expect(second).toEqual(first)
  expect(asked.filter((path) => path.endsWith('/tokenreviews'))).toHaveLength(1)
  await time.advance(60_000)
  await signIn({ authorization })
  expect(asked.filter((path) => path.endsWith('/tokenreviews'))).toHaveLength(2)
})

test('a token of another audience, garbage, and none at all are nobody', async () => {
  const signIn = tokenReviewSignIn(cluster, { audiences: ['headgate'] })
  expect(await signIn({ authorization: `Bearer ${await tokenFor('others')}` })).toBeUndefined()
  expect(await signIn({ authorization: 'Bearer rubbish' })).toBeUndefined()
  expect(await signIn({})).toBeUndefined()
})

test('when the API server cannot be asked, nobody is let in and nobody is refused', async () => {
  const raw: Cluster['raw'] = async () => ({ status: 500, headers: {}, body: '{}' })
  const signIn = tokenReviewSignIn({ raw, ports: cluster.ports })
  await expect(signIn({ authorization: 'Bearer a' })).rejects.toThrow(CannotTell)
  const may = accessReviews({ raw, ports: cluster.ports })
  const deed = { verb: 'get', group: '', resource: 'pods' }
  await expect(may({ name: 'a', groups: [] }, deed)).rejects.toThrow(CannotTell)
})

test('rights are those of the roles, and hold for ten seconds', async () => {
  const may = accessReviews(cluster)
  const user = { name: 'ann', groups: ['system:authenticated'] }
  const deed = {
    verb: 'promote',
    group: 'headgate.dev',
    resource: 'releases',
    namespace: 'default',
  }
  expect(await may(user, deed)).toBe(false)
  const api = 'rbac.authorization.k8s.io'
  const post = (plural: string, body: unknown) =>
    cluster.raw({
      method: 'POST',
      path: `/apis/${api}/v1/namespaces/default/${plural}`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const metadata = { name: 'promoter' }
  const rules = [{ apiGroups: ['headgate.dev'], resources: ['releases'], verbs: ['promote'] }]
  await post('roles', { metadata, rules })
  await post('rolebindings', {
    metadata,
    roleRef: { apiGroup: api, kind: 'Role', name: 'promoter' },
    subjects: [{ apiGroup: api, kind: 'User', name: 'ann' }],
  })
  expect(await may(user, deed)).toBe(false)
  await time.advance(10_000)
  expect(await may(user, deed)).toBe(true)
  expect(await may({ ...user, name: 'bob' }, deed)).toBe(false)
  expect(await may(user, { ...deed, verb: 'abort' })).toBe(false)
})
