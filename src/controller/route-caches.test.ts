/** Which version of a kind is served is asked until the server says so. */
import { expect, test } from 'vitest'
import { readRelease } from '#core/api/read.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { connectTo } from '#kube/connect.ts'
import type { Transport } from '#kube/http.ts'
import { virtualClock } from '#kube/virtual-clock.ts'
import { json } from '#local/api-server/answer.ts'
import { createApiServer } from '#local/api-server/api-server.ts'
import { istioCrds } from '#local/crds/istio.ts'
import { release } from '#test/gen/release.ts'
import { routeCaches } from './route-caches.ts'

function appOf() {
  const read = readRelease(release({ traffic: { router: 'istio', route: 'shop' } }))
  if (read.kind !== 'app') throw new Error('the release can be read')
  return read.app
}

/** A way to the server on which so many questions about the group get no answer. */
function shaky(inner: Transport, failures: number, fail: () => ReturnType<typeof json>): Transport {
  let left = failures
  return {
    close: inner.close,
    send: async (request, options) => {
      if (request.path !== '/apis/networking.istio.io' || left === 0)
        return inner.send(request, options)
      left -= 1
      return fail()
    },
  }
}

const rows = [
  ['the server is busy', () => json(503, { kind: 'Status', code: 503 })],
  [
    'the server cannot be reached',
    () => {
      throw new Error('connect ECONNREFUSED')
    },
  ],
] as const

test.each(rows)('the version of Istio is found although at first %s', async (_name, fail) => {
  const time = virtualClock()
  let count = 0
  const newId = (): string => `id-${String((count += 1))}`
  const ports = { clock: time.clock, random: () => 0.5, newId }
  const server = await createApiServer(ports)
  const setUp = connectTo(server.transport(), ports)
  const made = Promise.all(
    istioCrds().map((crd) => setUp.create(kinds.customResourceDefinition, crd)),
  )
  await time.advance(2000)
  await made
  const routes = routeCaches(connectTo(shaky(server.transport(), 8, fail), ports), {})
  const app = appOf()
  routes.need(app)
  await time.advance(100)
  expect(routes.behind(app)).toBe(true)
  expect(await time.advanceUntil(() => !routes.behind(app), 200_000)).toBe(true)
  expect(routes.versioned(app).traffic.apiVersion).toBe('networking.istio.io/v1')
  await routes.stop()
})
