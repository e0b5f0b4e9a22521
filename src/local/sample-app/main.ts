/**
 * A process that hosts sample pods: one, or several when there are many. Told over the IPC channel what to run; ends
 * with the process that started it. Started by hand, it is one pod on a free port, described by IMAGE.
 */
import { systemPorts } from '#kube/system.ts'
import { type App, startApp } from './app.ts'
import type { AppFacts, FromHost, ToHost } from './protocol.ts'

const speed = Number(process.env['HEADGATE_SPEED'] ?? 1)
const ports = systemPorts({ speed })
const apps = new Map<string, App>()
const ownProcess = process.env['HEADGATE_SHARED_HOST'] === undefined
let terminating = false

function say(message: FromHost): void {
  if (process.connected) process.send?.(message)
}

function start(id: string, facts: AppFacts): void {
  const app = startApp(facts, ports, {
    listening: (pairs) => say({ kind: 'listening', id, ports: pairs }),
    ready: () => say({ kind: 'ready', id }),
    log: (line) => say({ kind: 'log', id, line }),
    exited: (exitCode) => {
      apps.delete(id)
      // A pod of its own process ends as a process does, so that its exit code is seen as any other.
      if (ownProcess || (terminating && apps.size === 0)) process.exit(exitCode)
      say({ kind: 'exited', id, exitCode })
    },
  })
  apps.set(id, app)
}

function obey(message: ToHost): void {
  if (message.kind === 'start') return start(message.id, message.facts)
  const app = apps.get(message.id)
  if (message.kind === 'terminate') app?.terminate()
  else app?.kill()
}

function terminate(): void {
  terminating = true
  if (apps.size === 0) process.exit(0)
  for (const app of apps.values()) app.terminate()
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

process.on('SIGTERM', terminate)
// Ctrl-C reaches the whole group; the pods end when the cluster says so.
process.on('SIGINT', () => (process.connected ? undefined : terminate()))
process.on('message', (message) => obey(message as ToHost))
process.on('disconnect', () => process.exit(0))

if (process.send === undefined) {
  const image = process.env['IMAGE'] ?? 'sample:v1'
  const facts = { image, pod: 'by-hand', namespace: 'default', env: {}, ports: [] }
  startApp(facts, ports, {
    listening: ([pair]) => print(`listening on http://127.0.0.1:${pair?.[1]}`),
    ready: () => undefined,
    log: print,
    exited: (exitCode) => process.exit(exitCode),
  })
}
