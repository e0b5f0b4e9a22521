import { expect, test } from 'vitest'
import { virtualClock } from '#kube/virtual-clock.ts'
import type { Container } from '../controllers/shapes.ts'
import { ContainerRun } from './container-run.ts'
import { simulatedRuntime } from './simulated-runtime.ts'

function harness(container: Partial<Container>, restartPolicy = 'Always') {
  const time = virtualClock()
  const runtime = simulatedRuntime(time.clock, { startMs: 100 })
  const events: string[] = []
  const spec = { name: 'app', image: 'shop:v1', ...container }
  const env = Object.fromEntries((spec.env ?? []).map(({ name, value = '' }) => [name, value]))
  const run = new ContainerRun(spec, {
    clock: time.clock,
    runtime,
    newId: () => 'id',
    podTitle: 'shop-1_default(uid)',
    restartPolicy,
    facts: async () => ({
      namespace: 'default',
      pod: 'shop-1',
      podUid: 'uid',
      podIP: '10.244.0.2',
      container: 'app',
      image: spec.image,
      ports: [8080],
      env,
    }),
    log: () => ({ line: () => undefined, end: () => undefined }),
    event: (_type, reason, message) => events.push(`${reason}: ${message}`),
    changed: () => undefined,
  })
  run.start()
  const state = (): string => {
    const now = run.status().state
    if ('waiting' in now) return now.waiting.reason
    return 'running' in now ? (run.status().ready ? 'ready' : 'running') : now.terminated.reason
  }
  return { ...time, run, events, state }
}

const httpGet = { path: '/ready', port: 8080 }

test('starts, listens, is ready, with the events of a kubelet', async () => {
  const { advance, state, events } = harness({})
  await advance(50)
  expect(state()).toBe('ContainerCreating')
  await advance(50)
  expect(state()).toBe('ready')
  expect(events).toEqual([
    'Pulled: Container image "shop:v1" already present on machine',
    'Created: Created container: app',
    'Started: Started container app',
  ])
})

test('crashes are restarted at once, then after 10 s, 20 s, … up to 5 min', async () => {
  const { advance, advanceUntil, clock, run, state } = harness({ image: 'shop:v1-crash1' })
  const starts: number[] = []
  for (let restart = 0; restart < 8; restart += 1) {
    const reached = (): boolean => state() === 'ready' && run.status().restartCount === restart
    expect(await advanceUntil(reached, 400_000)).toBe(true)
    starts.push(clock.monotonic())
    await advance(999)
  }
  // Between two starts lie the second until the crash, the back-off, and 100 ms until it listens.
  const gaps = starts.slice(1).map((at, index) => at - (starts[index] ?? 0) - 1_100)
  expect(gaps).toEqual([0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000])
})

test('says that it is in back-off, and how the last run ended', async () => {
  const { advance, run, state, events } = harness({ image: 'shop:v1-crash1' })
  await advance(2_500)
  expect(state()).toBe('CrashLoopBackOff')
  expect(run.status().lastState.terminated?.exitCode).toBe(1)
  expect(events.at(-1)).toBe(
    'BackOff: Back-off restarting failed container app in pod shop-1_default(uid)',
  )
})

test('a container that ran for ten minutes before it crashed is restarted at once', async () => {
  const { advance, run, state } = harness({ image: 'shop:v1-crash601' })
  await advance(601_000 * 2 + 1_000)
  expect([state(), run.status().restartCount]).toEqual(['ready', 2])
})

test('is not restarted where the policy says never', async () => {
  const { advance, state } = harness({ image: 'shop:v1-crash1' }, 'Never')
  await advance(60_000)
  expect(state()).toBe('Error')
})

test('an image that cannot be pulled alternates between error and back-off', async () => {
  const { advance, state, events } = harness({ image: 'shop:v1-nopull' })
  expect(state()).toBe('ErrImagePull')
  await advance(2_000)
  expect(state()).toBe('ImagePullBackOff')
  expect(events).toContain('BackOff: Back-off pulling image "shop:v1-nopull"')
  await advance(8_100)
  expect(state()).toBe('ErrImagePull')
})

test('readiness follows its probe, with initial delay and thresholds', async () => {
  const env = [{ name: 'SAMPLE_READY_AFTER_MS', value: '7000' }]
  const readinessProbe = { httpGet, initialDelaySeconds: 2, periodSeconds: 2, successThreshold: 2 }
  const { advance, state, events } = harness({ env, readinessProbe })
  await advance(10_050)
  // Probes at 2.1, 4.1, 6.1 (fail), 8.1 and 10.1 s.
  expect(state()).toBe('running')
  await advance(100)
  expect(state()).toBe('ready')
  const unhealthy = events.filter((event) => event.startsWith('Unhealthy'))
  expect(unhealthy).toHaveLength(3)
  expect(unhealthy[0]).toBe(
    'Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503',
  )
})

test('a program that is never ready stays unready whatever its probe asks', async () => {
  const readinessProbe = { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 1 }
  const { advance, state } = harness({ image: 'shop:v1-neverready', readinessProbe })
  await advance(60_000)
  expect(state()).toBe('running')
})

test('a failing liveness probe restarts the container after its threshold', async () => {
  const livenessProbe = { httpGet: { path: '/nothello', port: 8080 }, periodSeconds: 5 }
  const { advance, run, events } = harness({ livenessProbe })
  await advance(10_050)
  expect(run.status().restartCount).toBe(0)
  await advance(200)
  expect(run.status().restartCount).toBe(1)
  expect(events).toContain('Killing: Container app failed liveness probe, will be restarted')
})

test('a startup probe holds back the others', async () => {
  const env = [{ name: 'SAMPLE_READY_AFTER_MS', value: '5000' }]
  const livenessProbe = { httpGet, periodSeconds: 1, failureThreshold: 1 }
  const startupProbe = { httpGet, periodSeconds: 1, failureThreshold: 10 }
  const { advance, run, state } = harness({ env, livenessProbe, startupProbe })
  await advance(3_000)
  expect([state(), run.status().started]).toEqual(['running', false])
  await advance(4_000)
  expect([state(), run.status().started, run.status().restartCount]).toEqual(['ready', true, 0])
})

test('a stopped container gets its signal, is not restarted, and says when it has ended', async () => {
  const { advance, run, state } = harness({})
  await advance(200)
  let ended = false
  void run.stop(1_000).then(() => {
    ended = true
  })
  await advance(1_000)
  expect([ended, state()]).toEqual([true, 'Completed'])
  await advance(600_000)
  expect(run.status().restartCount).toBe(0)
})

test('a TCP probe finds the port, and readiness is lost after as many failures as are allowed', async () => {
  const tcpSocket = { port: 8080 }
  const tcp = harness({ readinessProbe: { tcpSocket, periodSeconds: 1 } })
  await tcp.advance(200)
  expect(tcp.state()).toBe('ready')
  const probe = {
    httpGet: { path: '/nothello', port: 8080 },
    periodSeconds: 1,
    failureThreshold: 2,
  }
  const failing = harness({ readinessProbe: probe })
  await failing.advance(10_000)
  expect([failing.state(), failing.run.status().restartCount]).toEqual(['running', 0])
})

test('a startup probe that fails for good ends the container', async () => {
  const startupProbe = {
    httpGet: { path: '/nothello', port: 8080 },
    periodSeconds: 1,
    failureThreshold: 3,
  }
  const { advance, run, events } = harness({ startupProbe })
  await advance(2_050)
  expect(run.status().restartCount).toBe(0)
  await advance(200)
  expect(run.status().restartCount).toBe(1)
  expect(events).toContain(
    'Unhealthy: Startup probe failed: HTTP probe failed with statuscode: 500',
  )
  expect(events).toContain('Killing: Container app failed startup probe, will be restarted')
})

test('the events of an image that cannot be pulled are those of a kubelet, in their order', async () => {
  const { advance, events } = harness({ image: 'shop:v1-nopull' })
  await advance(2_000)
  expect(events).toEqual([
    'Pulling: Pulling image "shop:v1-nopull"',
    'Failed: Failed to pull image "shop:v1-nopull": failed to pull image "shop:v1-nopull": not found',
    'Failed: Error: ErrImagePull',
    'BackOff: Back-off pulling image "shop:v1-nopull"',
    'Failed: Error: ImagePullBackOff',
  ])
})
