/** The document's worked example on a local cluster with real traffic, whoever sends its requests. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Ingress } from '#core/k8s/ingress.ts'
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Service, Workload } from '#core/k8s/workloads.ts'
import type { Cluster } from '#kube/cluster.ts'
import { systemClock } from '#kube/system.ts'
import { type EndpointSlice, serviceNameLabel } from '#local/gateway/objects.ts'
import { startTraffic } from '#local/traffic/traffic.ts'
import { expectShare } from '#test/shares.ts'
import { found, type Scene, untilPhase } from './scene.ts'

const service = 'nginxservice'
const host = 'nginxservice.mumbai'
const record = 'mumbai/nginxservice-variant-123'

const example = (name: string): string =>
  readFileSync(`examples/superposition/${name}.json`, 'utf8')

/** As the document prints them; where it leaves out the variants, they are those of the beginning. */
const started = example('started')
const inProgress = example('in-progress')
const concluded = example('concluded')

/** Sends a body to an address, by GET as the document does; resolves with the answer's body. */
type Send = (url: string, body: string) => Promise<string>

/** From now on, how many ready endpoints a Service had at its worst. */
async function watchEndpoints(cluster: Cluster, name: string) {
  const slices = cluster.watch<EndpointSlice>(kinds.endpointSlice, {
    namespace: 'mumbai',
    labelSelector: `${serviceNameLabel}=${name}`,
  })
  await slices.synced()
  const ready = (): number =>
    [...slices.values()]
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready !== false).length
  let fewest = ready()
  slices.subscribe(() => {
    fewest = Math.min(fewest, ready())
  })
  return {
    fewest: () => fewest,
    stop: () => slices.stop(),
  }
}

export type WalkOptions = {
  /** Of the traffic that goes on all the while. */
  readonly perSecond?: number
  /** Hears of the figures. */
  readonly tell?: (line: string) => void
}

/** Declares the test. */
export function workedExample(
  scene: () => Scene,
  send: Send,
  { perSecond = 40, tell }: WalkOptions = {},
): void {
  let counted = 0
  const say = (body: string): Promise<string> => send(`http://127.0.0.1:${scene().port}/hi`, body)

  async function versions(count: number): Promise<Record<string, number>> {
    const traffic = startTraffic({
      url: `${scene().stage.local.gateway.url}/hello`,
      host,
      perSecond: 200,
      limit: count,
      clock: systemClock(),
    })
    const counts = await traffic.done
    expect([counts.dropped, counts.drops]).toEqual([0, []])
    counted += counts.requests
    return counts.versions
  }

  async function expectVariant(percent: number): Promise<void> {
    const of = 800
    const got = (await versions(of))['variant-123'] ?? 0
    tell?.(`${percent} %: ${got} of ${of} requests`)
    expectShare({ got, of, percent })
  }

  const ingress = (name: string) => found<Ingress>(scene(), kinds.ingress, 'mumbai', name)
  const serviceNamed = (name: string) => found<Service>(scene(), kinds.service, 'mumbai', name)
  const deployment = (name: string) => found<Workload>(scene(), kinds.deployment, 'mumbai', name)

  const namesOf = async (kind: Kind): Promise<readonly string[]> => {
    const { items } = await scene().cluster.list<KubeObject>(kind, { namespace: 'mumbai' })
    return items.map(({ metadata }) => metadata.name)
  }

  const canary = 'nginx.ingress.kubernetes.io/canary'

  test('M28, M29, M30, M31: the worked example: 10, 25, conclude; the winner serves everything, nobody is dropped', async () => {
    expect(JSON.parse(await say(started))).toEqual({ message: 'deployment done!' })
    await untilPhase(scene(), record, 'Running')
    const traffic = startTraffic({
      url: `${scene().stage.local.gateway.url}/hello`,
      host,
      perSecond,
      clock: systemClock(),
    })
    const endpoints = await watchEndpoints(scene().cluster, `${service}-service`)

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
    await expectVariant(10)

    await say(inProgress)
    await untilPhase(scene(), record, 'Running')
    const wider = await ingress(`${service}-ingress-variant-123`)
    expect(wider?.metadata.annotations).toMatchObject({ [`${canary}-weight`]: '25' })
    await expectVariant(25)

    await say(concluded)
    await untilPhase(scene(), record, 'Concluded')
    expect(await versions(200)).toEqual({ 'variant-123': 200 })
    const main = await serviceNamed(`${service}-service`)
    expect(main?.spec.selector).toEqual({ app: 'nginxservice-dep-variant-123' })
    // Concluded is said when all else has gone.
    const left = [kinds.deployment, kinds.ingress, kinds.service].map(namesOf)
    expect((await Promise.all(left)).flat()).toEqual([
      `${service}-dep-variant-123`,
      `${service}-ingress`,
      `${service}-service`,
    ])
    expect((await deployment(`${service}-dep-variant-123`))?.metadata.uid).toBe(made?.metadata.uid)
    expect(endpoints.fewest()).toBeGreaterThan(0)
    await endpoints.stop()
    const { requests, dropped, drops } = await traffic.stop()
    expect([dropped, drops]).toEqual([0, []])
    tell?.(`${requests + counted} requests, 0 dropped, at least ${endpoints.fewest()} endpoints`)
  }, 300_000)
}
