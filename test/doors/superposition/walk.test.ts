/** The document's worked example on a local cluster, with its own curl lines and real traffic. */
import { expect, test } from 'vitest'
import type { Ingress } from '#core/k8s/ingress.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { Service, Workload } from '#core/k8s/workloads.ts'
import { systemClock } from '#kube/system.ts'
import { startTraffic } from '#local/traffic/traffic.ts'
import { curl, found, sharedScene, untilPhase } from './scene.ts'

const scene = sharedScene()

const service = 'nginxservice'
const host = 'nginxservice.mumbai'
const record = 'mumbai/nginxservice-variant-123'

/** As the document prints them; where it leaves out the variants, they are those of the beginning. */
const started = `{
  "event_info": {
    "webhook_event": "ExperimentStarted",
    "workspace_id": "nginxservice"
  },
  "payload": {
    "context": {
      "and": [{
        "==": [{"var": "namespace"}, "mumbai"]
      }]
    },
    "variants": [
      {
        "id": "variant-123",
        "variant_type": "EXPERIMENTAL"
      }
    ],
    "traffic_percentage": 10
  }
}`
const inProgress = `{
  "event_info": {
    "webhook_event": "ExperimentInprogress",
    "workspace_id": "nginxservice"
  },
  "payload": {
    "traffic_percentage": 25,
    "variants": [{"id": "variant-123", "variant_type": "EXPERIMENTAL"}]
  }
}`
const concluded = `{
  "event_info": {
    "webhook_event": "ExperimentConcluded",
    "workspace_id": "nginxservice"
  },
  "payload": {
    "chosen_variant": "variant-123",
    "variants": [{"id": "variant-123", "variant_type": "EXPERIMENTAL"}]
  }
}`

function say(body: string): Promise<string> {
  const url = `http://127.0.0.1:${scene().port}/hi`
  return curl('-X', 'GET', url, '-H', 'Content-Type: application/json', '-d', body)
}

async function versions(count: number): Promise<Record<string, number>> {
  const traffic = startTraffic({
    url: `${scene().stage.local.gateway.url}/hello`,
    host,
    perSecond: 500,
    limit: count,
    clock: systemClock(),
  })
  const counts = await traffic.done
  expect(counts.dropped).toBe(0)
  return counts.versions
}

const ingress = (name: string) => found<Ingress>(scene(), kinds.ingress, 'mumbai', name)
const serviceNamed = (name: string) => found<Service>(scene(), kinds.service, 'mumbai', name)
const deployment = (name: string) => found<Workload>(scene(), kinds.deployment, 'mumbai', name)

const canary = 'nginx.ingress.kubernetes.io/canary'

test('the worked example: 10, 25, conclude; the winner serves everything, nobody is dropped', async () => {
  expect(JSON.parse(await say(started))).toEqual({ message: 'deployment done!' })
  await untilPhase(scene(), record, 'Running')
  const traffic = startTraffic({
    url: `${scene().stage.local.gateway.url}/hello`,
    host,
    perSecond: 40,
    clock: systemClock(),
  })

  const made = await deployment(`${service}-dep-variant-123`)
  expect(made?.metadata.labels).toMatchObject({ app: 'nginxservice-dep-variant-123' })
  expect(made?.spec.template.metadata?.labels).toMatchObject({
    app: 'nginxservice-dep-variant-123',
  })
  expect(made?.spec.replicas).toBe(2)
  const [container] = made?.spec.template.spec.containers ?? []
  expect(container).toMatchObject({
    name: 'nginxservice-dep-variant-123',
    image: 'example/nginxservice:variant-123',
    ports: [{ containerPort: 80 }],
  })
  const own = await serviceNamed(`${service}-service-variant-123`)
  expect(own?.metadata.labels).toMatchObject({ app: 'nginxservice-service-variant-123' })
  expect(own?.spec.selector).toEqual({ app: 'nginxservice-dep-variant-123' })
  expect(own?.spec.ports).toMatchObject([
    { name: 'http', port: 80, targetPort: 80, protocol: 'TCP' },
  ])
  const split = await ingress(`${service}-ingress-variant-123`)
  expect(split?.metadata.annotations).toMatchObject({
    [canary]: 'true',
    [`${canary}-weight`]: '10',
  })
  expect(split?.spec).toMatchObject({
    ingressClassName: 'nginx',
    rules: [
      {
        host,
        http: {
          paths: [
            {
              path: '/',
              pathType: 'Prefix',
              backend: { service: { name: own?.metadata.name, port: { number: 80 } } },
            },
          ],
        },
      },
    ],
  })
  const share = await versions(2000)
  expect((share['variant-123'] ?? 0) / 2000).toBeCloseTo(0.1, 1)

  await say(inProgress)
  await untilPhase(scene(), record, 'Running')
  const wider = await ingress(`${service}-ingress-variant-123`)
  expect(wider?.metadata.annotations).toMatchObject({ [`${canary}-weight`]: '25' })
  expect(((await versions(2000))['variant-123'] ?? 0) / 2000).toBeCloseTo(0.25, 1)

  await say(concluded)
  await untilPhase(scene(), record, 'Concluded')
  expect(await versions(200)).toEqual({ 'variant-123': 200 })
  const main = await serviceNamed(`${service}-service`)
  expect(main?.spec.selector).toEqual({ app: 'nginxservice-dep-variant-123' })
  expect(await ingress(`${service}-ingress-variant-123`)).toBeUndefined()
  expect(await serviceNamed(`${service}-service-variant-123`)).toBeUndefined()
  expect(await deployment(`${service}-dep-control`)).toBeUndefined()
  expect((await deployment(`${service}-dep-variant-123`))?.metadata.uid).toBe(made?.metadata.uid)
  const { dropped, drops } = await traffic.stop()
  expect([dropped, drops]).toEqual([0, []])
}, 60_000)
