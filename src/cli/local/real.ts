/** `--control-plane=real`: the outside of a real cluster that lives in a network namespace of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { KubeObject } from '#core/k8s/meta.ts'
import { plainConfig } from '#kube/cluster-config.ts'
import type { Transport } from '#kube/http.ts'
import type { Ports } from '#kube/ports.ts'
import { socketTransport } from '#kube/transport.ts'
import { kubeconfigText } from '#local/api-server/kubeconfig.ts'
import { findBinaries } from './binaries.ts'
import type { AuditLine } from './control-plane.ts'
import { forward } from './forward.ts'
import type { InsideOptions, InsideOrder, InsideReady } from './inside.ts'

export type RealClusterOptions = {
  readonly ports: Ports
  /** Preferred port of the gateway; a free one where it is taken. Default: a free one. */
  readonly gatewayPort?: number
  readonly followDelayMs?: number
  readonly allowCommands?: boolean
  /** Pods that get a process of their own before they share one. Default 40. */
  readonly ownProcesses?: number
  /** Further CustomResourceDefinitions, those of doors. */
  readonly crds?: readonly KubeObject[]
  /** Further flags of the API server. */
  readonly apiServerFlags?: readonly string[]
  /** Hears of what takes long. */
  readonly tell?: (line: string) => void
}

export type RealCluster = {
  readonly apiServer: {
    readonly url: string
    /** Of the admin, or of the owner of a token. */
    readonly kubeconfig: (token?: string) => string
    /** A client's way in, as the admin or as the owner of a token. */
    readonly transport: (token?: string) => Transport
  }
  readonly gateway: { readonly url: string }
  readonly prometheus: { readonly url: string }
  /** Process ids of the control plane, for tests that kill or pause one. */
  readonly processes: Readonly<Record<string, number>>
  /** Of the namespace's first process: `nsenter -n -t PID` is inside. */
  readonly pid: number
  /** Path of the admin's kubeconfig for programs that are started inside. */
  readonly kubeconfigInside: string
  readonly audit: () => readonly AuditLine[]
  /** Resolves once it is done. One at a time. */
  readonly order: (order: InsideOrder) => Promise<void>
  readonly stop: () => Promise<void>
}

/** Why there can be no real cluster here, in a sentence; undefined where there can. */
export function whyNotReal(): string | undefined {
  if (process.platform === 'linux' && process.getuid?.() === 0) return undefined
  return '--control-plane=real needs root on Linux, because it makes a network namespace of its own; run it with sudo, or leave the option out for the stand-in'
}

/** @throws Error with one sentence when it cannot be had here, or does not start. */
export async function startRealCluster(options: RealClusterOptions): Promise<RealCluster> {
  const why = whyNotReal()
  if (why !== undefined) throw new Error(why)
  const binaries = await findBinaries(options.tell ?? (() => undefined))
  const folder = mkdtempSync(join(tmpdir(), 'headgate-real-'))
  const { followDelayMs = 100, allowCommands = false, crds = [], apiServerFlags = [] } = options
  const { ownProcesses } = options
  const child = spawnInside({
    ...{ folder, binaries, followDelayMs, allowCommands, crds, apiServerFlags },
    ...(ownProcesses === undefined ? {} : { ownProcesses }),
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const end = async (): Promise<void> => {
    child.stdin?.end()
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const ready = await firstLine(child)
    const order = (wanted: InsideOrder): Promise<void> => obeyed(child, wanted)
    return await opened(options, { folder, ready, pid: child.pid ?? 0, order, end })
  } catch (error) {
    await end()
    throw error
  }
}

function spawnInside(options: InsideOptions): ChildProcess {
  const program = fileURLToPath(new URL('./inside.ts', import.meta.url))
  const args = ['--net', process.execPath, program]
  // A group of its own: Ctrl-C reaches only us, and we stop it in order.
  const child = spawn('unshare', args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true })
  child.stdin.on('error', () => undefined).write(`${JSON.stringify(options)}\n`)
  return child
}

async function firstLine(child: ChildProcess): Promise<InsideReady> {
  const line = await new Promise<string | undefined>((resolve, reject) => {
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const end = text.indexOf('\n')
      if (end >= 0) resolve(text.slice(0, end))
    })
    child.once('error', reject)
    child.once('exit', () => resolve(undefined))
  })
  if (line === undefined) {
    throw new Error('the real cluster ended before it was ready; the lines above say why')
  }
  return JSON.parse(line) as InsideReady
}

function obeyed(child: ChildProcess, order: InsideOrder): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(`the real cluster ended: ${order}`)))
    const hear = (chunk: string): void => {
      if (!chunk.includes(order)) return
      child.stdout?.off('data', hear)
      resolve()
    }
    child.stdout?.on('data', hear)
    child.stdin?.write(`${order}\n`)
  })
}

async function opened(
  { ports, gatewayPort = 0 }: RealClusterOptions,
  inside: {
    readonly folder: string
    readonly ready: InsideReady
    readonly pid: number
    readonly order: RealCluster['order']
    readonly end: () => Promise<void>
  },
): Promise<RealCluster> {
  const { folder, ready, pid, order, end } = inside
  const from = async (name: string, port: number) => {
    const socket = join(folder, `${name}.sock`)
    const at = (wanted: number) => forward({ host: '127.0.0.1', port: wanted }, socket)
    return at(port).catch(() => at(0))
  }
  const [api, gateway, prometheus] = await Promise.all([
    from('api', 0),
    from('gateway', gatewayPort),
    from('prometheus', 0),
  ])
  const url = `https://127.0.0.1:${api.port}`
  const { caPem, token } = ready
  const tls = { ca: caPem, insecure: false, serverName: undefined, certificate: undefined }
  return {
    apiServer: {
      url,
      kubeconfig: (given = token) => kubeconfigText({ url, caPem, token: given }),
      transport: (given = token) =>
        socketTransport(
          plainConfig(url, { tls, credentials: { kind: 'token', token: given } }),
          ports,
        ),
    },
    gateway: { url: `http://127.0.0.1:${gateway.port}` },
    prometheus: { url: `http://127.0.0.1:${prometheus.port}` },
    processes: ready.processes,
    pid,
    kubeconfigInside: join(ready.controlPlane, 'kubeconfig'),
    order,
    audit: () =>
      readFileSync(join(ready.controlPlane, 'audit.log'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as AuditLine),
    stop: async () => {
      await Promise.all([api, gateway, prometheus].map((one) => one.close()))
      await end()
    },
  }
}
