/** The query API over HTTP: every path by GET and by form, in the shapes of Prometheus. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { virtualClock } from '#kube/virtual-clock.ts'
import { prometheusHandler } from './http.ts'
import { seriesStore } from './store.ts'

let server: Server
let url: string
let ready = false

beforeAll(async () => {
  const store = seriesStore(7_200_000)
  for (const pod of ['a', 'b']) {
    const series = store.series({ __name__: 'up', pod })
    for (let second = 10; second <= 60; second += 10) series.append(second * 1000, 1)
  }
  server = createServer(prometheusHandler(store, virtualClock().clock, () => ready))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})

const range = { start: '50', end: '60', step: '10' }
const up = (pod: string) => ({ __name__: 'up', pod })
const rows: readonly (readonly [
  path: string,
  parameters: Record<string, string>,
  data: unknown,
])[] = [
  [
    'query',
    { query: 'up{pod="a"}', time: '60' },
    { resultType: 'vector', result: [{ metric: up('a'), value: [60, '1'] }] },
  ],
  ['query', { query: '1 + 1', time: '60.5' }, { resultType: 'scalar', result: [60.5, '2'] }],
  [
    'query',
    { query: 'up{pod="a"}[15s]', time: '1970-01-01T00:01:00Z' },
    {
      resultType: 'matrix',
      result: [
        {
          metric: up('a'),
          values: [
            [50, '1'],
            [60, '1'],
          ],
        },
      ],
    },
  ],
  [
    'query_range',
    { query: 'sum(up)', ...range },
    {
      resultType: 'matrix',
      result: [
        {
          metric: {},
          values: [
            [50, '2'],
            [60, '2'],
          ],
        },
      ],
    },
  ],
  ['series', { 'match[]': 'up', start: '0', end: '60' }, [up('a'), up('b')]],
  ['labels', { end: '60' }, ['__name__', 'pod']],
]

for (const [path, parameters, data] of rows) {
  for (const method of ['GET', 'POST']) {
    test(`${method} ${path} ${Object.values(parameters)[0]}`, async () => {
      const form = new URLSearchParams(parameters)
      const answer =
        method === 'GET'
          ? await fetch(`${url}/api/v1/${path}?${form.toString()}`)
          : await fetch(`${url}/api/v1/${path}`, { method, body: form })
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-type')).toContain('application/json')
      expect(await answer.json()).toEqual({ status: 'success', data })
    })
  }
}

const get = async (path: string, method = 'GET'): Promise<readonly [number, string]> => {
  const answer = await fetch(`${url}${path}`, { method })
  return [answer.status, await answer.text()]
}

test('values of a label', async () => {
  expect(await get('/api/v1/label/pod/values?end=60')).toEqual([
    200,
    '{"status":"success","data":["a","b"]}',
  ])
  expect((await get('/api/v1/label/pod/values?end=60&match[]=up{pod="b"}'))[1]).toContain('["b"]')
  expect((await get('/api/v1/label/none/values?end=60'))[1]).toContain('"data":[]')
})

test('health and readiness', async () => {
  expect(await get('/-/healthy')).toEqual([200, 'Prometheus Server is Healthy.\n'])
  expect((await get('/-/ready'))[0]).toBe(503)
  ready = true
  expect(await get('/-/ready')).toEqual([200, 'Prometheus Server is Ready.\n'])
})

const refusals: readonly (readonly [path: string, status: number, said: string])[] = [
  ['/api/v1/query?query=', 400, 'no expression found in input'],
  ['/api/v1/query?query=up&time=soon', 400, 'cannot parse \\"soon\\" to a valid timestamp'],
  ['/api/v1/query_range?query=up&start=0&end=60', 400, 'cannot parse \\"\\" to a valid duration'],
  [
    '/api/v1/query_range?query=up&start=60&end=0&step=1',
    400,
    'end timestamp must not be before start time',
  ],
  [
    '/api/v1/query_range?query=up&start=0&end=60&step=0',
    400,
    'zero or negative query resolution step widths',
  ],
  [
    '/api/v1/query_range?query=up&start=0&end=60000&step=1',
    400,
    'exceeded maximum resolution of 11,000 points',
  ],
  [
    '/api/v1/query_range?query=up[1m]&start=0&end=60&step=1',
    400,
    'must be Scalar or instant Vector',
  ],
  ['/api/v1/series', 400, 'no match[] parameter provided'],
  ['/api/v1/rules', 404, '404 page not found'],
]

for (const [path, status, said] of refusals) {
  test(`refuses ${path}`, async () => {
    const [code, text] = await get(path)
    expect(code).toBe(status)
    expect(text).toContain(said)
  })
}

test('other methods are refused', async () => {
  expect((await get('/api/v1/query?query=up', 'DELETE'))[0]).toBe(405)
})
