/** Controllers that die at each of their writes, before a receiver in trouble: one distinct id for each transition, none missing. */
import { expect, test } from 'vitest'
import { startController } from '#controller/controller.ts'
import { telemetry } from '#controller/telemetry.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { kultaWith } from '#doors/kulta/door.ts'
import { configuredBy } from '#doors/kulta/environment.ts'
import type { CanaryStrategy, Rollout } from '#doors/kulta/rollout.ts'
import { strictRules } from '#kube/address-guard.ts'
import { connectTo } from '#kube/connect.ts'
import { silentLog } from '#kube/log.ts'
import { reachThrough } from '#kube/reach.ts'
import { systemPorts } from '#kube/system.ts'
import { sendDirect } from '#kube/transport.ts'
import { sinksOfDoors } from '../../../src/cli/door-sinks.ts'
import { mortal, troubledReceiver } from '../../scenarios/mortal.ts'
import { type KultaStage, open, Player } from './kulta-stage.ts'
import { problemsOfCdEvent } from './published.ts'

type CdEvent = {
  readonly id: string
  readonly type: string
  readonly time: string
  readonly data: { readonly subject: { readonly id: string } }
}

const speed = 10
/** One clock for all lives, as the machine's is. */
const ports = systemPorts({ speed })

type Life = { readonly dead: Promise<void>; readonly end: () => Promise<void> }

async function live(stage: KultaStage, url: string, writes: number, lost: boolean): Promise<Life> {
  let die = (): void => undefined
  const dead = new Promise<void>((resolve) => {
    die = resolve
  })
  const transport = mortal(stage.local.apiServer.transport(), writes, lost, die)
  const cluster = connectTo(transport, systemPorts())
  const reach = reachThrough({
    cluster,
    way: 'proxy',
    rules: { ...strictRules, loopback: true },
    direct: sendDirect,
  })
  const { now } = ports.clock
  const configured = configuredBy({ KULTA_CDEVENTS_ENABLED: 'true', KULTA_CDEVENTS_SINK_URL: url })
  const controller = startController({
    cluster,
    doors: [kultaWith({})],
    clock: ports.clock,
    ask: async () => ({ kind: 'failed', message: 'nobody answers here' }),
    sinks: sinksOfDoors([configured], { reach, now, log: silentLog }),
    log: silentLog,
    telemetry: telemetry('test'),
    instance: 'test',
  })
  await controller.synced()
  controller.lead(() => true)
  const end = async (): Promise<void> => {
    // What hangs was killed: nobody waits for it.
    void controller.stop()
    await cluster.close()
  }
  return { dead, end }
}

test('each transition of two releases is told under one id of its own', async () => {
  const stage = await open({ speed })
  const receiver = await troubledReceiver<CdEvent>()
  const app = new Player(stage, 'mortal')
  await app.open()
  await app.apply('examples/kulta/canary/gateway.yaml')
  await app.apply('examples/kulta/canary/rollout.yaml', (object: KubeObject) => {
    const { spec, ...rollout } = object as Rollout
    const { analysis: _, ...canary } = spec.strategy.canary as CanaryStrategy
    const steps = [
      { setWeight: 20, pause: { duration: '5s' } },
      { setWeight: 60, pause: { duration: '5s' } },
    ]
    return {
      ...rollout,
      spec: { ...spec, replicas: 1, strategy: { canary: { ...canary, steps } } },
    } as KubeObject
  })
  for (const version of ['v2.0.0', 'v2.1.0']) {
    if (version !== 'v2.0.0') await app.image(version)
    const done = app.comesTo('Completed')
    let isDone = false
    void done.then(() => {
      isDone = true
    })
    for (let life = 1; !isDone; life += 1) {
      const now = await live(stage, receiver.url, 1 + (life % 5), life % 2 === 0)
      await Promise.race([now.dead, done])
      await now.end()
    }
  }
  const last = await live(stage, receiver.url, 1000, false)
  // However slow the machine was, and however short the lives.
  await receiver.taken
  receiver.heal()
  await app.until(({ status }) => status?.headgate?.outbox?.pending === undefined)
  await last.end()
  receiver.close()

  const byId = Map.groupBy(receiver.heard, ({ id }) => id)
  for (const [, same] of byId) expect(new Set(same.map((one) => JSON.stringify(one))).size).toBe(1)
  const told = [...byId.values()].flatMap(([one]) => (one === undefined ? [] : [one]))
  const ordered = told.toSorted((one, other) => one.time.localeCompare(other.time))
  const words = ordered.map(({ type, data }) => [
    type.split('.')[3],
    data.subject.id.split('/').slice(3).join('/'),
  ])
  const one = [
    ['deployed', 'initialization'],
    ['upgraded', 'step/1'],
    ['published', 'completed'],
  ]
  expect(words).toEqual([...one, ...one])
  expect(receiver.heard.length).toBeGreaterThan(told.length)
  expect(told.flatMap(({ type, data }) => problemsOfCdEvent(type, data))).toEqual([])
  await stage.local.stop()
})
