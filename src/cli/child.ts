/** The controller as a process of its own, beside a local cluster. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { faces } from '#doors/faces.ts'
import type { LocalAddresses } from './addresses.ts'
import { portOf } from './options.ts'

// Beside this file in the source tree, above it in the package.
const program = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './main.ts' : '../headgate.js', import.meta.url),
)

export type ChildController = {
  readonly process: ChildProcess
  /** Base URL of its health listener. */
  readonly health: string
  /** Base URL of the dashboard. */
  readonly dashboard: string
  /** Base URLs of the doors that listen, by name. */
  readonly faces: Readonly<Record<string, string>>
  /** Its exit code, once it has one; undefined after a signal. */
  readonly ended: Promise<number | undefined>
  readonly stop: () => Promise<void>
}

/** What the controller command sends to a process that started it with a channel. */
export type ControllerPorts = Readonly<Record<string, number | undefined>>

export type ChildOptions = {
  readonly healthPort: string
  readonly speed: string
  readonly decisionLog?: string
  readonly logLevel: string
  /** Further arguments of its own. */
  readonly args?: readonly string[]
}

/** What the parts of a local cluster are called, for doors that ask their variables. */
const localVariables = {
  KULTA_PROMETHEUS_ADDRESS: 'http://prometheus.monitoring.svc:9090',
} as const

/** Starts it and waits until it is ready. @throws Error when it ends before. */
export async function spawnController(
  cluster: { readonly apiServer: { readonly kubeconfig: () => string } },
  options: ChildOptions,
): Promise<ChildController> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-'))
  const kubeconfig = join(folder, 'kubeconfig')
  await writeFile(kubeconfig, cluster.apiServer.kubeconfig(), { mode: 0o600 })
  const health = preferred(portOf('--health-port', options.healthPort))
  const wanted = faces.map(({ name, port }) => ({ name, address: preferred(port) }))
  // Beside the deployer: one port answers for both.
  const beside = wanted.find(({ name }) => name === 'deployer')?.address ?? preferred(0)
  const args = [
    program,
    'controller',
    ...['--kubeconfig', kubeconfig, '--health-address', health],
    ...['--lease-namespace', 'default', '--speed', options.speed, '--log-level', options.logLevel],
    ...(options.decisionLog === undefined ? [] : ['--decision-log', options.decisionLog]),
    ...wanted.flatMap(({ name, address }) => [`--${name}-address`, address]),
    ...['--dashboard-address', beside, '--dashboard-auth', 'none'],
    ...(options.args ?? []),
  ]
  const env = { ...localVariables, ...process.env }
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const
  const child = spawn(process.execPath, args, { env, stdio: [...stdio] })
  const ended = new Promise<number | undefined>((resolve) => {
    child.once('exit', (code) => resolve(code ?? undefined))
  })
  const ports = await listening(child, ended)
  const at = (port: number | undefined): string => `http://127.0.0.1:${port}`
  await ready(at(ports['health']), ended)
  return {
    process: child,
    health: at(ports['health']),
    dashboard: at(ports['dashboard']),
    faces: Object.fromEntries(wanted.map(({ name }) => [name, at(ports[name])] as const)),
    ended,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The port itself, or any where somebody has that; which it was, the controller tells. */
function preferred(port: number): string {
  return `127.0.0.1:${port}+`
}

/** Where the controller listens, by the names of its listeners, as it tells whoever started it. */
async function listening(
  child: ChildProcess,
  ended: Promise<number | undefined>,
): Promise<ControllerPorts> {
  const told = new Promise<ControllerPorts>((resolve) => {
    child.once('message', (message) => resolve(message as ControllerPorts))
  })
  const ports = await Promise.race([told, ended])
  if (typeof ports === 'object') return ports
  throw new Error(
    `the controller ended with code ${ports ?? 'none'} before it was ready; its log says why`,
  )
}

const pollMs = 25

async function ready(health: string, ended: Promise<number | undefined>): Promise<void> {
  let code: number | undefined | 'running' = 'running'
  void ended.then((value) => {
    code = value
  })
  for (;;) {
    const answer = await fetch(`${health}/readyz`).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.ok === true) return
    if (code !== 'running')
      throw new Error(
        `the controller ended with code ${code ?? 'none'} before it was ready; its log says why`,
      )
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

export type SpawnedLocal = {
  readonly process: ChildProcess
  readonly addresses: LocalAddresses
  readonly stop: () => Promise<void>
}

/** `headgate local` as a process of its own. @throws Error when it ends before it is ready. */
export async function spawnLocal(options: {
  readonly kubeconfig: string
  readonly decisionLog: string
}): Promise<SpawnedLocal> {
  const args = [
    program,
    ...['local', '--output', 'json', '--log-level', 'error'],
    ...['--kubeconfig', options.kubeconfig, '--decision-log', options.decisionLog],
  ]
  // A group of its own: Ctrl-C reaches only us, and we stop it in order.
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const line = await firstLine(child)
  if (line === undefined)
    throw new Error('the local cluster ended before it was ready; its log says why')
  return {
    process: child,
    addresses: JSON.parse(line) as LocalAddresses,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** The first line of a child's standard output; undefined when it ends without one. */
function firstLine(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const end = text.indexOf('\n')
      if (end >= 0) resolve(text.slice(0, end))
    })
    child.once('exit', () => resolve(undefined))
  })
}
