/** The Prometheus endpoint end to end: pods scraped, questions over HTTP. */
import { afterEach, expect, test, vi } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { systemPorts } from '#kube/system.ts'
import { type TestCluster, testCluster } from '../gateway/testing/test-cluster.ts'
import { fakePod, putService } from '../gateway/testing/world.ts'
import { type LocalPrometheus, startPrometheus } from './start.ts'

const ports = systemPorts()
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** Soon, however busy the machine is. */
const eventually = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 15_000 })

async function world(): Promise<{
  readonly cluster: TestCluster
  readonly prometheus: LocalPrometheus
}> {
  const cluster = await testCluster(ports)
  const prometheus = await startPrometheus(cluster.cluster, ports, {
    port: 0,
    scrapeIntervalMs: 20,
    extraTargets: [{ job: 'gateway', metrics: () => 'gateway_requests_total{code="200"} 7\n' }],
  })
  ends.push(cluster.close, prometheus.stop)
  return { cluster, prometheus }
}

type Result = readonly {
  readonly metric: Record<string, string>
  readonly value: [number, string]
}[]

async function query({ url }: LocalPrometheus, text: string): Promise<Result> {
  const answer = await fetch(`${url}/api/v1/query`, {
    method: 'POST',
    body: new URLSearchParams({ query: text }),
  })
  return ((await answer.json()) as { data: { result: Result } }).data.result
}

test('scrapes pods with the labels of their release and the role of their Service', async () => {
  const { cluster, prometheus } = await world()
  let requests = 0
  const labels = { app: 'shop', 'headgate.dev/release': 'shop', 'headgate.dev/revision': 'abc' }
  const pod = await fakePod(
    cluster,
    'shop-1',
    (_, response) => {
      requests += 5
      response.end(
        `# TYPE requests_total counter\nrequests_total{code="200",pod="me"} ${requests}\n`,
      )
    },
    labels,
  )
  ends.push(pod.close)
  await putService(cluster, 'shop-canary', ['shop-1'], undefined, { 'headgate.dev/role': 'canary' })
  await eventually(async () => {
    const found = await query(prometheus, 'requests_total{role="canary"}')
    expect(found[0]?.metric).toMatchObject({
      pod: 'shop-1',
      exported_pod: 'me',
      namespace: 'default',
      rollout: 'shop',
      revision: 'abc',
      role: 'canary',
      app: 'shop',
      container: 'app',
      code: '200',
    })
  })
  // Five requests with each scrape; how often one comes depends on how busy the machine is.
  await eventually(async () => {
    const text = 'sum by (role) (rate(requests_total{role="canary"}[1s]))'
    expect(Number((await query(prometheus, text))[0]?.value[1])).toBeGreaterThan(0)
  })
  expect((await query(prometheus, 'up{pod="shop-1"}'))[0]?.value[1]).toBe('1')
  expect((await query(prometheus, 'gateway_requests_total'))[0]?.metric).toEqual({
    __name__: 'gateway_requests_total',
    code: '200',
    job: 'gateway',
    instance: 'gateway',
  })

  pod.close()
  await eventually(async () => {
    expect((await query(prometheus, 'up{pod="shop-1"}'))[0]?.value[1]).toBe('0')
    expect(await query(prometheus, 'requests_total')).toEqual([])
  })
  await cluster.cluster.remove(
    kinds.pod,
    { namespace: 'default', name: 'shop-1' },
    {
      gracePeriodSeconds: 0,
    },
  )
  await eventually(async () => expect(await query(prometheus, 'up{pod="shop-1"}')).toEqual([]))
})

test('is found as a Service and refuses in the shape of Prometheus', async () => {
  const { cluster, prometheus } = await world()
  for (const namespace of ['monitoring', 'istio-system']) {
    const service = await cluster.get<KubeObject>(kinds.service, `${namespace}/prometheus`)
    expect(service.metadata.annotations).toEqual({
      'local.headgate.dev/address': `{"9090":"127.0.0.1:${prometheus.port}"}`,
    })
    await cluster.get(kinds.endpointSlice, `${namespace}/prometheus`)
  }
  expect((await fetch(`${prometheus.url}/-/healthy`)).status).toBe(200)
  expect((await fetch(`${prometheus.url}/-/ready`)).status).toBe(200)
  const answer = await fetch(`${prometheus.url}/api/v1/query?query=foo(up)`)
  expect(answer.status).toBe(400)
  expect(await answer.json()).toEqual({
    status: 'error',
    errorType: 'bad_data',
    error: 'invalid parameter "query": 1:1: parse error: unknown function with name "foo"',
  })
})
