/**
 * Runs a container's own command as a process of this machine. Its ports cannot be the container's, since several pods
 * share the machine: PORT names the first free port it is given, PORT_8080 the one that stands for 8080.
 */
import { spawn } from 'node:child_process'
import { type AddressInfo, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import type { Ports } from '#kube/ports.ts'
import { exitOf, minimalEnvironment } from './host-process.ts'
import { probeOver } from './probe-request.ts'
import type { ContainerEvents, ContainerFacts, RunningContainer } from './runtime.ts'

type Running = { readonly close: () => void; readonly exited: Promise<void> }

/** Enters what it starts into `running`, and removes it when it has ended. */
export function startCommand(
  ports: Ports,
  facts: ContainerFacts,
  events: ContainerEvents,
  running: Set<Running>,
): RunningContainer {
  const addresses = new Map<number, string>()
  let signal: (name: NodeJS.Signals) => void = () => undefined
  let wanted: NodeJS.Signals | undefined
  const send = (name: NodeJS.Signals): void => {
    wanted = name
    signal(name)
  }
  const work = launch(facts, events, addresses, (way) => {
    signal = way
    if (wanted !== undefined) way(wanted)
  })
  const entry = { close: () => send('SIGKILL'), exited: work }
  running.add(entry)
  void work.then(() => running.delete(entry))
  return {
    probe: async (request) => {
      const address = addresses.get(request.port)
      if (address === undefined) return { ok: false, message: 'the container is not running' }
      return probeOver(ports.clock, address, request)
    },
    terminate: () => send('SIGTERM'),
    kill: () => send('SIGKILL'),
  }
}

async function launch(
  facts: ContainerFacts,
  events: ContainerEvents,
  addresses: Map<number, string>,
  onSignalling: (way: (name: NodeJS.Signals) => void) => void,
): Promise<void> {
  const env = { ...minimalEnvironment(), ...facts.env }
  for (const port of facts.ports) {
    const free = await freePort()
    addresses.set(port, `127.0.0.1:${free}`)
    env[`PORT_${port}`] = String(free)
    env['PORT'] ??= String(free)
  }
  const [program = '', ...args] = [...(facts.command ?? []), ...(facts.args ?? [])]
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  onSignalling((name) => child.kill(name))
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', events.log)
  }
  child.once('spawn', () => {
    events.started(addresses)
    events.ready()
  })
  await new Promise<void>((resolve) => {
    child.once('error', (error) => {
      events.exited({ exitCode: 128, message: error.message })
      resolve()
    })
    child.once('exit', (code, name) => {
      events.exited(exitOf(code, name))
      resolve()
    })
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
