/**
 * Leader election among processes with clocks of their own, freezes, lost answers and partitions.
 */
import assert from 'node:assert/strict'
import { afterEach, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import { type ConnectedCluster, connectTo } from './connect.ts'
import { isKube } from './errors.ts'
import type { HttpRequest } from './http.ts'
import { type Leadership, type LeadOptions, lead } from './lease.ts'
import type { Lease } from './lease-record.ts'
import type { Clock, Ports } from './ports.ts'
import { type Sample, sample } from './testing/objects.ts'
import type { Reply } from './testing/scripted-api.ts'
import { type TinyApi, tinyApi } from './testing/tiny-api.ts'
import { type VirtualClock, virtualClock } from './virtual-clock.ts'

const leases = '/apis/coordination.k8s.io/v1/namespaces/headgate/leases'

type Cut = ((request: HttpRequest) => boolean) | undefined

type Candidate = {
  readonly identity: string
  readonly leadership: Leadership
  readonly cluster: ConnectedCluster
  readonly story: string[]
  /** Cuts the way to the server, for every request or for those that match. */
  cut: Cut
}

const candidates: Candidate[] = []
afterEach(() => {
  candidates.splice(0)
})

const cutOf = (identity: string): Cut => candidates.find((c) => c.identity === identity)?.cut

function candidate(
  api: TinyApi,
  time: VirtualClock,
  identity: string,
  changes: Partial<LeadOptions> & {
    readonly wallOffset?: number
    /** So many times as fast as the others' clocks. */
    readonly rate?: number
    readonly cut?: Cut
  } = {},
): Candidate {
  const { clock } = time
  const { rate = 1 } = changes
  const own: Clock = {
    now: () => clock.now() * rate + (changes.wallOffset ?? 0),
    monotonic: () => clock.monotonic() * rate,
    after: (delayMs, callback) => clock.after(delayMs / rate, callback),
  }
  const ports: Ports = { clock: own, random: () => 0.5, newId: () => identity }
  const story: string[] = []
  const transport = {
    ...api.transport,
    send: (request: HttpRequest, options?: object) =>
      (cutOf(identity) ?? changes.cut)?.(request) === true
        ? Promise.reject(new Error('no route'))
        : api.transport.send(request, options),
  }
  const cluster = connectTo(transport, ports)
  const leadership = lead(cluster, {
    namespace: 'headgate',
    name: 'headgate',
    identity,
    onGain: () => story.push('gain'),
    onLoss: (why) => story.push(`loss: ${why}`),
    ...changes,
  })
  const made: Candidate = { identity, leadership, cluster, story, cut: changes.cut }
  candidates.push(made)
  return made
}

const leaders = (): number => candidates.filter((c) => c.leadership.isLeader()).length
const spec = (api: TinyApi): Lease['spec'] => (api.objects(leases)[0] as Lease).spec

/** Never two leaders, looked at every 100 ms. */
async function pass(time: VirtualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    await time.advance(100)
    assert.ok(leaders() <= 1, 'two leaders')
  }
}

test('the first takes the lease at once; a standby asks nothing while it is renewed', async () => {
  const [api, time] = [tinyApi(), virtualClock()]
  const a = candidate(api, time, 'a')
  await pass(time, 1000)
  const b = candidate(api, time, 'b')
  await pass(time, 10_000)
  assert.deepEqual([a.leadership.isLeader(), b.leadership.isLeader()], [true, false])
  assert.deepEqual([spec(api)?.holderIdentity, spec(api)?.leaseDurationSeconds], ['a', 15])
  assert.match(spec(api)?.renewTime ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  const before = api.calls.length
  await pass(time, 60_000)
  const asked = api.calls.slice(before)
  assert.ok(asked.every(({ method, isWatch }) => method === 'PUT' || isWatch))
  assert.ok(asked.length <= 21, `${asked.length} requests a minute`)
  assert.equal(b.leadership.holder(), 'a')
  assert.ok(asked.filter((call) => call.method === 'PUT').every((call) => call.lane === 'lease'))
  await Promise.all([a.leadership.stop(), b.leadership.stop()])
})

for (const phase of [0, 300, 600, 900, 1200, 1500]) {
  test(`a leader that stops hands over at once, ${phase} ms into a standby's wait`, async () => {
    const [api, time] = [tinyApi(), virtualClock()]
    const a = candidate(api, time, 'a')
    await pass(time, 5000)
    const b = candidate(api, time, 'b')
    await pass(time, 10_000 + phase)
    const stopping = a.leadership.stop()
    assert.equal(await time.advanceUntil(b.leadership.isLeader, 100), true)
    await stopping
    await b.leadership.stop()
  })
}

test('a hand-over is told, counted and leaves the lease free in the end', async () => {
  const [api, time] = [tinyApi(), virtualClock()]
  const a = candidate(api, time, 'a')
  await pass(time, 5000)
  const b = candidate(api, time, 'b')
  await pass(time, 10_000)
  await a.leadership.stop()
  assert.equal(await time.advanceUntil(b.leadership.isLeader, 1000), true)
  assert.deepEqual(a.story, ['gain', 'loss: stopped'])
  assert.equal(spec(api)?.leaseTransitions, 1)
  await b.leadership.stop()
  assert.equal(spec(api)?.holderIdentity, '')
})

test('a leader that dies is followed within the lease and a second', async () => {
  const [api, time] = [tinyApi(), virtualClock()]
  const a = candidate(api, time, 'a')
  await pass(time, 5000)
  const b = candidate(api, time, 'b')
  await pass(time, 10_000)
  a.cut = () => true
  const died = time.clock.monotonic()
  assert.equal(await time.advanceUntil(b.leadership.isLeader, 20_000), true)
  assert.ok(time.clock.monotonic() - died <= 16_000)
  assert.equal(a.leadership.isLeader(), false)
  assert.match(a.story[1] ?? '', /loss: the lease was not renewed for 10 s/)
  await Promise.all([a.leadership.stop(), b.leadership.stop()])
})

for (const offset of [-86_400_000, 86_400_000]) {
  test(`a wall clock ${offset / 86_400_000} days off makes no second leader`, async () => {
    const [api, time] = [tinyApi(), virtualClock()]
    const a = candidate(api, time, 'a')
    const b = candidate(api, time, 'b', { wallOffset: offset })
    await pass(time, 120_000)
    assert.equal(leaders(), 1)
    assert.deepEqual([a.story.length + b.story.length], [1])
    await Promise.all([a.leadership.stop(), b.leadership.stop()])
  })
}

for (const rate of [0.7, 0.9, 1.1, 1.4]) {
  test(`a standby whose clock runs ${rate} times as fast makes no second leader, and takes over`, async () => {
    const [api, time] = [tinyApi(), virtualClock()]
    const a = candidate(api, time, 'a')
    await pass(time, 1000)
    const b = candidate(api, time, 'b', { rate })
    await pass(time, 60_000)
    assert.deepEqual([a.leadership.isLeader(), b.story], [true, []])
    a.cut = () => true
    await pass(time, 30_000)
    assert.deepEqual([a.leadership.isLeader(), b.leadership.isLeader()], [false, true])
    await Promise.all([a.leadership.stop(), b.leadership.stop()])
  })
}

test('two leaders at once: what one sends after its freeze is refused, and the history is that of one', async () => {
  const [api, time] = [tinyApi(), virtualClock()]
  const a = candidate(api, time, 'a')
  await pass(time, 1000)
  const b = candidate(api, time, 'b')
  await pass(time, 10_000)
  const place = '/api/v1/namespaces/default/configmaps'
  const { resourceVersion: _, uid: __, ...metadata } = sample('steps', 0).metadata
  api.put(place, { ...sample('steps', 0), metadata, spec: 0 } as Sample)
  const at = { namespace: 'default', name: 'steps' }
  const advanced = (seen: Sample): Sample => ({ ...seen, spec: Number(seen.spec) + 1 })
  // A has read and checked that it leads; then its process sleeps before the request is sent.
  const seenByA = await a.cluster.get<Sample>(kinds.configMap, at)
  assert.equal(a.leadership.isLeader(), true)
  a.cut = () => true
  assert.equal(await time.advanceUntil(b.leadership.isLeader, 20_000), true)
  const seenByB = await b.cluster.get<Sample>(kinds.configMap, at)
  await b.cluster.replace(kinds.configMap, advanced(seenByB))
  a.cut = undefined
  const late = await a.cluster.replace(kinds.configMap, advanced(seenByA)).catch((e: unknown) => e)
  assert.ok(isKube(late, 'Conflict'), 'only the precondition stops it: a lease is no fence')
  assert.equal((api.objects(place)[0] as Sample).spec, 1)
  assert.equal(a.leadership.isLeader(), false)
  await Promise.all([a.leadership.stop(), b.leadership.stop()])
})

test('renewals go on while all other requests are refused with 429', async () => {
  const [api, time] = [tinyApi(), virtualClock()]
  const a = candidate(api, time, 'a')
  await pass(time, 1000)
  api.fault = (call): Reply | undefined =>
    call.path.includes('/leases')
      ? undefined
      : { status: 429, headers: { 'retry-after': '10' }, body: '' }
  const lists = Array.from({ length: 60 }, () =>
    a.cluster.list(kinds.pod).catch((error: unknown) => error),
  )
  await pass(time, 120_000)
  assert.deepEqual([a.leadership.isLeader(), a.story], [true, ['gain']])
  assert.equal(a.cluster.stats().limit < 16, true)
  await Promise.all(lists)
  await a.leadership.stop()
})

test('a leader frozen for a minute knows at once that it leads no more', async () => {
  const [api, time] = [tinyApi(), virtualClock()]
  const a = candidate(api, time, 'a')
  await pass(time, 5000)
  assert.equal(a.leadership.isLeader(), true)
  // Nothing runs: no timer, no answer. Meanwhile another took the lease.
  time.freeze(60_000)
  const [lease] = api.objects(leases) as Lease[]
  assert.ok(lease)
  api.put(leases, { ...lease, spec: { ...lease.spec, holderIdentity: 'b' } } as Lease)
  assert.equal(a.leadership.isLeader(), false)
  await time.advance(5000)
  assert.equal(a.leadership.isLeader(), false)
  assert.equal(spec(api)?.holderIdentity, 'b')
  assert.equal(a.story.length, 2)
  await a.leadership.stop()
})

test('a renewal that was applied but never answered costs nothing', async () => {
  const [api, time] = [tinyApi(), virtualClock()]
  const a = candidate(api, time, 'a')
  await pass(time, 1000)
  let lost = 0
  api.fault = (call): Reply | undefined => {
    if (call.method !== 'PUT' || lost > 0) return undefined
    lost += 1
    const [lease] = api.objects(leases) as Lease[]
    assert.ok(lease)
    api.put(leases, { ...lease, spec: { ...lease.spec, renewTime: 'applied' } } as Lease)
    return 'silence'
  }
  await pass(time, 60_000)
  assert.deepEqual([lost, a.story, a.leadership.isLeader()], [1, ['gain'], true])
  await a.leadership.stop()
})

test('a lease that someone deletes is made anew', async () => {
  const [api, time] = [tinyApi(), virtualClock()]
  const a = candidate(api, time, 'a')
  await pass(time, 5000)
  api.remove(leases, 'headgate')
  await pass(time, 10_000)
  assert.deepEqual([a.leadership.isLeader(), a.story], [true, ['gain']])
  await a.leadership.stop()
})

test('a lease that someone takes by force is let go', async () => {
  const [api, time] = [tinyApi(), virtualClock()]
  const a = candidate(api, time, 'a')
  await pass(time, 5000)
  const [lease] = api.objects(leases) as Lease[]
  assert.ok(lease)
  api.put(leases, { ...lease, spec: { ...lease.spec, holderIdentity: 'rogue' } } as Lease)
  await time.advance(3000)
  assert.deepEqual(a.story, ['gain', 'loss: rogue holds the lease'])
  await time.advance(60_000)
  // The rogue never renewed.
  assert.equal(a.leadership.isLeader(), true)
  await a.leadership.stop()
})

test('a standby whose watch does not work reads every two seconds instead', async () => {
  const [api, time] = [tinyApi(), virtualClock()]
  const a = candidate(api, time, 'a')
  await pass(time, 1000)
  const b = candidate(api, time, 'b', { cut: ({ path }) => path.includes('watch=') })
  await pass(time, 20_000)
  await a.leadership.stop()
  assert.equal(await time.advanceUntil(b.leadership.isLeader, 2500), true)
  await b.leadership.stop()
})

test('renewals in trouble, one after another: never two leaders, and someone leads again', async () => {
  const [api, time] = [tinyApi(), virtualClock()]
  const all = ['a', 'b', 'c'].map((name) => candidate(api, time, name))
  let seed = 7
  const random = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed / 2_147_483_648
  }
  for (let round = 0; round < 40; round += 1) {
    for (const one of all) one.cut = random() < 0.4 ? () => random() < 0.7 : undefined
    await pass(time, 1000 + Math.floor(random() * 20_000))
  }
  for (const one of all) one.cut = undefined
  await pass(time, 40_000)
  assert.equal(leaders(), 1)
  await Promise.all(all.map((one) => one.leadership.stop()))
  assert.equal(time.pending(), 0)
})

test('a listener of gain that throws does not end the campaign', async () => {
  const [api, time] = [tinyApi(), virtualClock()]
  const problems: string[] = []
  const a = candidate(api, time, 'a', {
    onGain: () => {
      throw new Error('stumbled')
    },
    onProblem: (error) => problems.push(error.message),
  })
  await pass(time, 30_000)
  assert.deepEqual([a.leadership.isLeader(), problems], [true, ['stumbled']])
  await a.leadership.stop()
})

test('an unknown lease in another manner is respected: its own duration counts', async () => {
  const [api, time] = [tinyApi(), virtualClock()]
  api.put(leases, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: kinds.lease.kind,
    metadata: { namespace: 'headgate', name: 'headgate' },
    spec: { holderIdentity: 'old', leaseDurationSeconds: 60 },
  } as Lease)
  const a = candidate(api, time, 'a')
  await pass(time, 59_000)
  assert.equal(a.leadership.isLeader(), false)
  await pass(time, 2_000)
  assert.equal(a.leadership.isLeader(), true)
  await a.leadership.stop()
})
