/**
 * The law of the outbox: whatever is killed between any two writes, lost or told twice, each recorded transition is told
 * by exactly one distinct id, or counted as dropped. A receiver that is down, or answers and is not heard, included.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { template } from '#test/gen/release.ts'
import { command, follow, installed, settle } from '#test/gen/story.ts'
import type { World } from '#test/gen/world.ts'
import type { DecisionStatus } from '../api/release.ts'
import { decide } from '../decide.ts'
import { keep } from '../model/notebook.ts'

const runs = Number(process.env['RUNS'] ?? 400)

const event = fc.record({
  what: fc.constantFrom('v1', 'v2', 'v3', 'promote', 'abort', 'retry', 'pause', 'resume', 'none'),
  /** After how many writes of the pass the process dies, the status being any of them; more than there are: it lives. */
  dies: fc.oneof(fc.nat(4), fc.constant(99)),
  statusAt: fc.nat(3),
  receiver: fc.constantFrom('well', 'down', 'unheard'),
  later: fc.constantFrom(1, 400, 5000, 20_000),
})
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never

const verbs = ['promote', 'abort', 'retry', 'pause', 'resume'] as const

class Receiver {
  readonly ids = new Map<string, string>()
  told = 0

  hear(id: string, text: string): void {
    this.told += 1
    const before = this.ids.get(id)
    if (before !== undefined) expect(text, 'one id, two transitions').toBe(before)
    this.ids.set(id, text)
  }
}

/** Every record that ever stood in the stored status, in order. */
class Records {
  readonly all = new Map<string, DecisionStatus>()

  look(world: World): void {
    for (const record of world.release.status?.decisions ?? [])
      this.all.set(JSON.stringify(record), record)
  }
}

/** What the shell does: it tells what the stored status says is pending, and remembers what was heard. */
function tell(world: World, receiver: Receiver, how: Event['receiver']): void {
  const known = new Set(world.acknowledged?.map(({ id }) => id))
  for (const { id, at, action, revision, message } of world.release.status?.outbox?.pending ?? []) {
    if (known.has(id) || how === 'down') continue
    receiver.hear(id, [at, action, revision, message].join(' '))
    if (how === 'well') world.acknowledged = [...(world.acknowledged ?? []), { id, at: world.now }]
  }
}

function one(world: World, given: Event, receiver: Receiver, records: Records): void {
  const verb = verbs.find((known) => known === given.what)
  if (verb !== undefined) command(world, verb)
  else if (given.what !== 'none') world.ask({ template: template(`shop:${given.what}`) })
  tell(world, receiver, given.receiver)
  const decision = decide(world.observe(), world.now)
  world.remember(decision)
  const jobs = decision.writes.map((write) => () => world.write(write))
  if (decision.write) jobs.splice(given.statusAt, 0, () => world.writeStatus(decision))
  for (const job of jobs.slice(0, given.dies)) {
    job()
    records.look(world)
  }
  if (given.dies < jobs.length) {
    world.crash()
    world.acknowledged = []
  }
  follow(world)
  world.now += given.later
}

test('each transition has exactly one distinct id, killed at any write', () => {
  let repeated = 0
  fc.assert(
    fc.property(fc.array(event, { minLength: 5, maxLength: 60 }), (events) => {
      const steps = [{ weight: 25 }, { pause: {} }, { weight: 50 }, { pause: '2s' }]
      const world = installed({ strategy: { canary: { steps } } })
      const before = new Set((world.release.status?.decisions ?? []).map((one) => one.at))
      world.acknowledged = []
      const receiver = new Receiver()
      const records = new Records()
      for (const given of events) one(world, given, receiver, records)
      const quiet = {
        what: 'none',
        dies: 99,
        statusAt: 0,
        receiver: 'well',
        later: 20_000,
      } as const
      for (let turn = 0; turn < 20; turn += 1) one(world, quiet, receiver, records)
      settle(world)
      const transitions = [...records.all.values()].filter(({ at }) => !before.has(at))
      const { pending = [], dropped = 0 } = world.release.status?.outbox ?? {}
      expect(pending).toEqual([])
      expect(receiver.ids.size).toBeLessThanOrEqual(transitions.length)
      expect(receiver.ids.size + dropped).toBeGreaterThanOrEqual(transitions.length)
      const texts = new Set(receiver.ids.values())
      for (const { at, action, revision, message } of dropped === 0 ? transitions : [])
        expect(texts).toContain([at, action, revision, message].join(' '))
      if (transitions.length <= keep.events) expect(dropped).toBe(0)
      repeated += receiver.told - receiver.ids.size
    }),
    { numRuns: runs },
  )
  expect(repeated, 'nothing was ever told twice: the receiver is too kind').toBeGreaterThan(0)
})
