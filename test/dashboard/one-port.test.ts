/** One port for the deployer and the dashboard: each request goes to whose it is, by the rules of that one. */
import { createServer } from 'node:http'
import { fastify } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDashboard } from '#dashboard/start.ts'
import { table } from '#dashboard/table.ts'
import { docsRoutes, routes } from '#doors/deployer/http/routes.ts'
import { onlyRoutesOf } from '#http/authorization.ts'
import { sharedPorts } from '#http/shared-port.ts'
import { silentLog } from '#kube/log.ts'
import { systemPorts } from '#kube/system.ts'
import { type Desk, openDesk } from '../doors/deployer/desk.ts'
import { freePort } from '../free-port.ts'
import { ask } from './stage.ts'

const { clock } = systemPorts()
const listenAt = sharedPorts(clock)
let desk: Desk
let port: number
let stop: () => Promise<void>
beforeAll(async () => {
  port = await freePort()
  const address = { host: '127.0.0.1', port }
  const jwt = { deployerAuth: 'kubernetes' }
  desk = await openDesk(jwt, { listen: listenAt, address })
  const dashboard = await startDashboard({
    ...{ cluster: desk.cluster, clock, log: silentLog, address, listen: listenAt },
    ...{ access: { kind: 'open' }, readOnly: false, version: 'test' },
  })
  stop = dashboard.stop
})
afterAll(async () => {
  await stop()
  await desk.stop()
})

test('the two tables have no route in common, and one takes every first part of a path', () => {
  const all = [...routes, ...docsRoutes, ...table].map(({ method, url }) => `${method} ${url}`)
  expect(new Set(all).size).toBe(all.length)
  const first = (rows: readonly { readonly url: string }[]): ReadonlySet<string> =>
    new Set(rows.map(({ url }) => url.split('/')[1] ?? ''))
  const ofDeployer = first([...routes, ...docsRoutes])
  expect([...first(table)].filter((one) => ofDeployer.has(one))).toEqual([])
})

describe('each by its own rules', () => {
  const rows: readonly (readonly [string, number, RegExp])[] = [
    // Signed in, as the deployer asks for here.
    ['/descriptors?namespace=default', 401, /^not authenticated\n$/],
    ['/deployments/?namespace=default', 401, /^not authenticated\n$/],
    ['/stream/deployments/a/logs?namespace=default', 401, /^not authenticated\n$/],
    ['/docs/openapi.json', 200, /Headgate deployer/],
    // Open, as the dashboard is here.
    ['/api/v1/me', 200, /"signIn":"open"/],
    ['/api/v1/releases', 200, /^\[\]$/],
    ['/api/v1/openapi.json', 200, /Headgate dashboard/],
    ['/descriptorsX', 404, /there is nothing here/],
    ['//descriptors', 404, /there is nothing here/],
  ]
  for (const [path, code, says] of rows) {
    test(`${path}: ${code}`, async () => {
      const answer = await ask(port, path)
      expect([answer.code, answer.text]).toEqual([code, expect.stringMatching(says)])
    })
  }
})

test('a hostile page gets nowhere at the open one, whichever the path', async () => {
  const headers = { origin: 'https://evil.example' }
  expect((await ask(port, '/api/v1/releases', { headers })).code).toBe(403)
})

test('one that leaves is no longer asked, and the other stays', async () => {
  const again = sharedPorts(clock)
  const answering = (text: string) => createServer((_request, response) => void response.end(text))
  const first = await again(answering('first'), { host: '127.0.0.1', port: 0 })
  const address = { host: '127.0.0.1', port: first.port }
  // Somebody who does not share it finds it taken.
  await expect(sharedPorts(clock)(answering('x'), address)).rejects.toThrow(/cannot listen/)
  await first.stop()
  const [one, two] = [
    await again(answering('one'), address, ['one']),
    await again(answering('two'), address),
  ]
  const textOf = async (path: string): Promise<string> => (await ask(address.port, path)).text
  expect([await textOf('/one/a'), await textOf('/two')]).toEqual(['one', 'two'])
  await two.stop()
  expect(await textOf('/two')).toBe('one')
  await one.stop()
  await expect(textOf('/')).rejects.toThrow(/ECONNREFUSED|hang up|ECONNRESET/)
})

test('a route without a row does not start', async () => {
  const app = fastify()
  onlyRoutesOf(app, table)
  app.get('/api/v1/me', () => ({}))
  expect(() => app.get('/api/v1/all-secrets', () => ({}))).toThrow(
    /GET \/api\/v1\/all-secrets has no row in the authorization table/,
  )
  expect(() => app.delete('/api/v1/releases', () => ({}))).toThrow(/DELETE/)
  await app.close()
})
