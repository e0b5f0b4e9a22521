/** Experiments and gates on the local cluster: real pods that are asked, real requests that carry a header. */
import { request } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Actor, openStage, type Stage } from './stage.ts'

let stage: Stage
let stopController: () => Promise<void>

beforeAll(async () => {
  stage = await openStage()
  stopController = stage.startController()
})
afterAll(async () => {
  await stopController()
  await stage.stop()
})

/** The versions that answer twenty requests with this header. */
async function answering(actor: Actor, variant?: string): Promise<readonly string[]> {
  const headers = {
    host: `${actor.name}.example.com`,
    ...(variant === undefined ? {} : { 'x-variant': variant }),
  }
  const answers = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const { headers: told, body } = await request(`${stage.local.gateway.url}/hello`, { headers })
      await body.dump()
      return String(told['x-version'])
    }),
  )
  return [...new Set(answers)].sort()
}

test('an experiment by header: b has its own requests and no others, then everything', async () => {
  const actor = new Actor(stage, 'tried')
  const match = [{ header: { name: 'x-variant', value: 'b' } }]
  await actor.install('v1', {
    services: { stable: 'tried-stable', candidates: { b: 'tried-canary' } },
    strategy: { experiment: { candidates: [{ name: 'b', match }], maxDuration: '1h' } },
  })
  await actor.comesTo('Completed')
  expect(await answering(actor, 'b')).toEqual(['v1'])
  await actor.ask('v2')
  await actor.until(({ status }) => status?.reason?.type === 'WaitingForJudgement')
  expect(await answering(actor, 'b')).toEqual(['v2'])
  expect(await answering(actor, 'c')).toEqual(['v1'])
  expect(await answering(actor)).toEqual(['v1'])
  await actor.command('promote')
  await actor.comesTo('Completed')
  expect(await answering(actor, 'b')).toEqual(['v2'])
  expect(await answering(actor)).toEqual(['v2'])
  await actor.untilPods({ v2: 2 })
  expect(actor.release?.status?.concluded).toMatchObject({ winner: 'b', reason: 'ConcludedByHand' })
}, 60_000)

test('gates: the pods are asked and are well, then a person approves', async () => {
  const actor = new Actor(stage, 'gated')
  const steps = [
    { weight: 50 },
    { gate: { health: { path: '/healthz', interval: '1s' } } },
    { gate: { approval: {} } },
  ]
  await actor.install('v1', { strategy: { canary: { steps } } })
  await actor.comesTo('Completed')
  await actor.ask('v2')
  await actor.until(
    ({ status }) => status?.step?.index === 2 && status.reason?.type === 'WaitingForGate',
  )
  await actor.command('promote')
  await actor.comesTo('Completed')
  expect(actor.release?.status?.decisions?.find(({ action }) => action === 'Approve')?.by).toBe(
    'ann',
  )
}, 60_000)

test('gates: pods that are not well keep the release where it is, then turn it back', async () => {
  const actor = new Actor(stage, 'ill')
  const health = { path: '/nothing-here', interval: '1s', limit: '4s' }
  const steps = [{ weight: 50 }, { gate: { health } }]
  await actor.install('v1', { strategy: { canary: { steps } } })
  await actor.comesTo('Completed')
  await actor.ask('v2')
  await actor.comesTo('Failed')
  expect(actor.release?.status?.reason?.type).toBe('GateRefused')
  expect(actor.release?.status?.reason?.message).toMatch(/answered 404$/)
  expect(await answering(actor)).toEqual(['v1'])
}, 60_000)
