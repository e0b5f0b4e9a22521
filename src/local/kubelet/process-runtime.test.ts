import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemPorts } from '#kube/system.ts'
import { processRuntime } from './process-runtime.ts'
import type { ContainerFacts, Exit, RunningContainer, Runtime } from './runtime.ts'

const ports = systemPorts()
let runtime: Runtime

beforeAll(() => {
  runtime = processRuntime(ports, { ownProcesses: 2, perHost: 10, allowCommands: true })
})
afterAll(() => runtime.close())

async function start(pod: string, more: Partial<ContainerFacts> = {}) {
  const started = Promise.withResolvers<ReadonlyMap<number, string>>()
  const exited = Promise.withResolvers<Exit>()
  const lines: string[] = []
  const facts: ContainerFacts = {
    namespace: 'default',
    pod,
    podUid: pod,
    podIP: '10.244.0.2',
    container: 'app',
    image: 'shop:v1',
    ports: [8080, 9090],
    env: {},
    ...more,
  }
  const container: RunningContainer = runtime.start(facts, {
    started: started.resolve,
    ready: () => undefined,
    log: (line) => lines.push(line),
    exited: exited.resolve,
  })
  return { container, lines, exited: exited.promise, addresses: await started.promise }
}

test('pods with a process of their own, and pods that share one, answer on all their ports', async () => {
  const pods = await Promise.all(['p1', 'p2', 'p3', 'p4'].map((name) => start(name)))
  for (const [index, { addresses }] of pods.entries()) {
    expect([...addresses.keys()]).toEqual([8080, 9090])
    for (const address of addresses.values()) {
      const answer = await fetch(`http://${address}/`)
      expect(answer.headers.get('x-pod')).toBe(`p${index + 1}`)
      await answer.text()
    }
  }
  for (const { container } of pods) container.terminate()
  const exits = await Promise.all(pods.map(({ exited }) => exited))
  expect(exits.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0])
})

test('a crash is seen with its exit code, alone and among others', async () => {
  const env = { SAMPLE_CRASH_AFTER_MS: '20' }
  const pods = await Promise.all(['p1', 'p2', 'p3'].map((name) => start(name, { env })))
  const exits = await Promise.all(pods.map(({ exited }) => exited))
  expect(exits.map(({ exitCode }) => exitCode)).toEqual([1, 1, 1])
})

test('SIGKILL ends a pod with 137', async () => {
  const { container, exited } = await start('p1')
  container.kill()
  expect(await exited).toEqual({ exitCode: 137, signal: 9 })
})

test('probes go to the loopback port behind the container port', async () => {
  const { container } = await start('p1')
  const http = (path: string, port = 8080) =>
    container.probe({ kind: 'http', port, path, headers: {}, timeoutMs: 1_000 })
  expect(await http('/healthz')).toEqual({ ok: true })
  expect(await http('/nothello')).toEqual({
    ok: false,
    message: 'HTTP probe failed with statuscode: 500',
  })
  expect((await http('/healthz', 1234)).ok).toBe(false)
  expect(await container.probe({ kind: 'tcp', port: 9090, timeoutMs: 1_000 })).toEqual({ ok: true })
  container.kill()
})

test('an allowed command runs with its own ports, and its output is its log', async () => {
  const program =
    'console.log("up"); require("http").createServer((q, a) => a.end(process.env.NAME)).listen(process.env.PORT_8080, "127.0.0.1", () => console.log("listening"))'
  const { addresses, container, exited, lines } = await start('p1', {
    command: [process.execPath],
    args: ['-e', program],
    env: { NAME: 'mine' },
    ports: [8080],
  })
  await expect
    .poll(async () => {
      const answer = await fetch(`http://${addresses.get(8080)}/`).catch(() => undefined)
      return answer?.text()
    })
    .toBe('mine')
  container.terminate()
  expect((await exited).exitCode).toBe(143)
  expect(lines).toEqual(['up', 'listening'])
})

test('a command that does not exist is an exit, not a crash of ours', async () => {
  const exited = Promise.withResolvers<Exit>()
  const facts: ContainerFacts = {
    namespace: 'default',
    pod: 'p',
    podUid: 'p',
    podIP: '',
    container: 'app',
    image: 'shop:v1',
    ports: [],
    env: {},
    command: ['/no/such/program'],
  }
  runtime.start(facts, {
    started: () => undefined,
    ready: () => undefined,
    log: () => undefined,
    exited: exited.resolve,
  })
  expect((await exited.promise).exitCode).toBe(128)
})
