/** The stream: first all, then only what changes; several readers; one that takes nothing; one that comes back. */
import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { ReleaseDetail, ReleaseId, ReleaseRow } from '#dashboard/wire.ts'
import { sharedPorts } from '#http/shared-port.ts'
import { type VirtualClock, virtualClock } from '#kube/virtual-clock.ts'
import { namespace, releaseOf } from '../../bench/objects.ts'
import { follow, grant, type Opened, openStage, type Stage } from './stage.ts'

let stage: Stage
let dashboard: Opened
beforeAll(async () => {
  stage = await openStage()
  dashboard = await stage.open({ access: { kind: 'open' } })
})
afterAll(() => stage.stop())

async function create(name: string, more = {}): Promise<void> {
  await stage.cluster.api.create(kinds.release, releaseOf(name, '0s', more))
}

async function setStatus(name: string, message: string): Promise<void> {
  const status = {
    phase: 'Progressing',
    reason: { type: 'Settling', message, since: '2026-01-01T00:00:00.000Z' },
  }
  const at = { namespace, name }
  await stage.cluster.api.patch(kinds.release, at, 'merge', { status }, { subresource: 'status' })
}

const named = (name: string) => (rows: readonly ReleaseRow[]) =>
  rows.some((row) => row.name === name)
const says = (message: string) => (rows: readonly ReleaseRow[]) =>
  rows.some(({ reason }) => reason.message === message)

/**
 * Lets virtual time go on, a telling at a time, until it has come; says how many that took. It stands still while
 * something is on its way over a socket, which takes time of its own.
 */
async function stepping(
  time: VirtualClock,
  awaited: Promise<unknown>,
  mayGoOn: () => boolean = () => true,
): Promise<number> {
  let isThere = false
  const done = (): void => {
    isThere = true
  }
  awaited.then(done, done)
  let steps = 0
  while (!isThere) {
    if (mayGoOn()) {
      await time.advance(100)
      steps += 1
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  return steps
}

test('two readers hear the same: all at first, then what changed, and what is gone', async () => {
  const { port } = dashboard.running
  await create('shop')
  const first = await follow(port)
  await first.until<ReleaseRow[]>('rows', () => true)
  const second = await follow(port)
  await second.until('rows', named('shop'))
  await create('cart')
  for (const one of [first, second]) {
    const changed = await one.until<ReleaseRow[]>('changed', named('cart'))
    expect(changed.map(({ name }) => name)).not.toContain('shop')
  }
  await stage.cluster.api.remove(kinds.release, { namespace, name: 'cart' })
  const isCart = (ids: readonly ReleaseId[]): boolean => ids.some(({ name }) => name === 'cart')
  for (const one of [first, second])
    expect(await one.until('gone', isCart)).toEqual([{ door: 'headgate', namespace, name: 'cart' }])
  await first.until('tick', () => true)
  first.close()
  second.close()
})

test('who comes again is told what is news to it, and not the whole list', async () => {
  const { port } = dashboard.running
  const names = Array.from({ length: 60 }, (_, index) => `again-${index}`)
  await Promise.all(names.map((name) => create(name)))
  const isThere = (rows: readonly ReleaseRow[]): boolean =>
    names.every((name) => rows.some((row) => row.name === name))
  // The server's own list is as far as ours.
  for (let settled = false; !settled; ) {
    const look = await follow(port)
    settled = isThere(await look.until<ReleaseRow[]>('rows', () => true))
    look.close()
  }
  const first = await follow(port)
  await first.until('rows', isThere)
  const whole = first.bytes()
  first.close()
  const last = first.last()
  expect(last).toBeDefined()

  // It opens one release: of the list nothing is told again.
  const query = `?door=headgate&namespace=${namespace}&name=again-0`
  const second = await follow(port, query, undefined, last)
  await second.until<ReleaseDetail>('detail', ({ name }) => name === 'again-0')
  expect(second.all.filter(({ name }) => name !== 'detail' && name !== 'tick')).toEqual([
    { name: 'changed', data: [] },
  ])
  expect(second.bytes()).toBeLessThan(whole / 4)
  second.close()

  // Meanwhile one changes, one goes, one comes.
  await setStatus('again-1', 'changed meanwhile')
  await stage.cluster.api.remove(kinds.release, { namespace, name: 'again-2' })
  await create('again-new')
  const watcher = await follow(port)
  await watcher.until<ReleaseRow[]>('rows', () => true)
  await Promise.any([
    watcher.until('rows', named('again-new')),
    watcher.until('changed', named('again-new')),
  ])
  watcher.close()
  const third = await follow(port, '', undefined, second.last())
  const changed = await third.until<ReleaseRow[]>('changed', () => true)
  const gone = await third.until<ReleaseId[]>('gone', () => true)
  expect(changed.map(({ name }) => name).toSorted()).toEqual(['again-1', 'again-new'])
  expect(gone.map(({ name }) => name)).toEqual(['again-2'])
  expect(third.all.some(({ name }) => name === 'rows')).toBe(false)
  third.close()

  // Whose id nobody knows gets all.
  for (const id of ['00000000-0000-4000-8000-000000000000.1', 'nonsense', `${last}9`.slice(1)]) {
    const stranger = await follow(port, '', undefined, id)
    await stranger.until('rows', named('again-0'))
    stranger.close()
  }
})

test('what nobody can see is not told', async () => {
  await create('still')
  const one = await follow(dashboard.running.port)
  await one.until('rows', named('still'))
  const metadata = { annotations: { note: 'this changes nothing of the line' } }
  await stage.cluster.api.patch(kinds.release, { namespace, name: 'still' }, 'merge', { metadata })
  // Behind it, in the same watch.
  await create('after')
  await one.until('changed', named('after'))
  const told = one.all.filter(({ name }) => name === 'changed')
  expect(told.flatMap(({ data }) => data as ReleaseRow[]).map(({ name }) => name)).toEqual([
    'after',
  ])
  one.close()
})

test('many changes come together, the newest of each, at most ten tellings a second', async () => {
  const time = virtualClock()
  const { running } = await stage.open({ access: { kind: 'open' }, clock: time.clock })
  await create('busy')
  const one = await follow(running.port)
  await one.until('rows', named('busy'))
  const before = one.all.length
  for (let index = 0; index < 40; index += 1) await setStatus('busy', `message ${index}`)
  expect(one.all.slice(before).filter(({ name }) => name === 'changed')).toEqual([])
  // The watch is a socket away; the second telling has all.
  const seen = one.until<ReleaseRow[]>('changed', says('message 39'))
  const tellings = await stepping(time, seen)
  const told = one.all.filter(({ name }) => name === 'changed')
  expect(told.length).toBeLessThanOrEqual(tellings)
  expect(told.length).toBeLessThan(40)
  one.close()
})

test('one release is told closely, with its pods, as long as somebody looks', async () => {
  await create('near')
  const query = `?door=headgate&namespace=${namespace}&name=near`
  const one = await follow(dashboard.running.port, query)
  const first = await one.until<ReleaseDetail>('detail', () => true)
  expect(first).toMatchObject({ name: 'near', strategy: 'canary', phase: 'Unknown' })
  await setStatus('near', 'now told closely')
  const isTold = ({ reason }: ReleaseDetail): boolean => reason.message === 'now told closely'
  await one.until('detail', isTold)
  one.close()
})

test('who looks closely at what is not there hears so: at once, and when it goes', async () => {
  await create('fleeting')
  const query = `?door=headgate&namespace=${namespace}&name=fleeting`
  const id = { door: 'headgate', namespace, name: 'fleeting' }
  const one = await follow(dashboard.running.port, query)
  await one.until('detail', () => true)
  expect(one.all.some(({ name }) => name === 'missing')).toBe(false)
  await stage.cluster.api.remove(kinds.release, { namespace, name: 'fleeting' })
  expect(await one.until('missing', () => true)).toEqual(id)
  one.close()
  // As a page does that showed it while the server was away.
  const again = await follow(dashboard.running.port, query)
  expect(await again.until('missing', () => true)).toEqual(id)
  again.close()
})

test('who looks again soon finds the watches that are open; later they are closed', async () => {
  const time = virtualClock()
  let asked = 0
  let ended = 0
  const { ask } = await stage.open({
    access: { kind: 'open' },
    clock: time.clock,
    through: (transport) => ({
      ...transport,
      send: (request, options) => {
        if (request.path.includes('metadata.name') && request.path.includes('watch=')) {
          asked += 1
          options?.signal?.addEventListener('abort', () => (ended += 1))
        }
        return transport.send(request, options)
      },
    }),
  })
  await create('often')
  const path = `/api/v1/releases/headgate/${namespace}/often`
  for (let turn = 0; turn < 3; turn += 1) expect((await ask(path)).code).toBe(200)
  expect([asked, ended]).toEqual([1, 0])
  await time.advance(10_000)
  expect([asked, ended]).toEqual([1, 1])
  expect((await ask(path)).code).toBe(200)
  expect(asked).toBe(2)
})

test('a reader that takes nothing is let go of, and holds nobody up', async () => {
  const time = virtualClock()
  const answers: ServerResponse[] = []
  const { running } = await stage.open({
    access: { kind: 'open' },
    clock: time.clock,
    listen: (server, address) => {
      server.on('request', (_request, answer: ServerResponse) => answers.push(answer))
      return sharedPorts(stage.cluster.ports.clock)(server, address)
    },
  })
  const slow = await follow(running.port)
  await slow.until('rows', () => true)
  slow.pause()
  const quick = await follow(running.port)
  await quick.until('rows', () => true)
  const [toSlow, toQuick] = answers
  const names = Array.from({ length: 30 }, (_, index) => `many-${index}`)
  for (const name of names) await create(name)
  // Lines so long that they soon fill whatever lies between us and it.
  const long = 'x'.repeat(10_000)
  let mostHeld = 0
  for (let round = 0; toSlow?.destroyed === false && round < 200; round += 1) {
    const message = `${long} ${round}`
    await Promise.all(names.map((name) => setStatus(name, message)))
    const heard = quick.until<ReleaseRow[]>('changed', says(message))
    await stepping(time, heard, () => toQuick?.writableNeedDrain === false)
    await heard
    mostHeld = Math.max(mostHeld, toSlow.writableLength)
  }
  expect(toSlow?.destroyed).toBe(true)
  // One telling of all of them, and no second one.
  expect(mostHeld).toBeLessThan(600_000)
  quick.close()
  slow.close()
  // It comes back, and sees how all is now.
  const again = await follow(running.port)
  await again.until('rows', named('many-29'))
  again.close()
})

test('a reader sees what it may list; what it may list no more is told as gone', async () => {
  const time = virtualClock()
  const { running } = await stage.open({ clock: time.clock })
  const rules = [{ apiGroups: ['headgate.dev'], resources: ['releases'], verbs: ['get', 'list'] }]
  await grant(stage, 'guest', rules, namespace)
  await create('seen')
  const one = await follow(running.port, '', await stage.tokenFor('guest'))
  await one.until('rows', named('seen'))
  const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings/guest-${namespace}`
  await stage.cluster.api.raw({ method: 'DELETE', path })
  await time.advance(60_000)
  const gone = one.until<ReleaseId[]>('gone', (ids) => ids.some(({ name }) => name === 'seen'))
  await stepping(time, gone)
  one.close()
})

test('a dashboard that stops ends its streams at once', async () => {
  const { running, stop } = await stage.open({ access: { kind: 'open' } })
  const one = await follow(running.port)
  await one.until('rows', () => true)
  const before = performance.now()
  await Promise.all([stop(), one.ended])
  expect(performance.now() - before).toBeLessThan(2000)
})
