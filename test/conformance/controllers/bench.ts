/** Two grounds for controllers: the local ones and kube-controller-manager, each with our kubelet and simulated pods. */
import { kinds } from '#core/k8s/kinds.ts'
import { connectTo } from '#kube/connect.ts'
import type { HttpRequest, Transport } from '#kube/http.ts'
import type { Ports } from '#kube/ports.ts'
import { systemPorts } from '#kube/system.ts'
import { startApiServer } from '#local/api-server/start.ts'
import type { Deployment } from '#local/controllers/shapes.ts'
import { startWorkloads } from '#local/controllers/start.ts'
import { simulatedRuntime } from '#local/kubelet/simulated-runtime.ts'
import { startKubelet } from '#local/kubelet/start.ts'
import { findBinaries } from '../../../src/cli/local/binaries.ts'
import { startControlPlane } from '../../../src/cli/local/control-plane.ts'

export type Answer = { readonly status: number; readonly body: Deep }

/** Whatever JSON.parse yields: the stories read deep into answers without ceremony. */
export type Deep = ReturnType<typeof JSON.parse>

export type Bench = {
  readonly ask: (method: HttpRequest['method'], path: string, body?: unknown) => Promise<Answer>
  /** Reasons in the conditions of a namespace's Deployments, each that was ever written. */
  readonly reasons: (namespace: string) => readonly string[]
  readonly stop: () => Promise<void>
}

export async function localBench(): Promise<Bench> {
  const ports = systemPorts()
  const server = await startApiServer({ ports })
  const client = connectTo(server.transport(), ports, { userAgent: 'kube-controller-manager' })
  const workloads = await startWorkloads(client, ports)
  return withPods(ports, server.transport(), async () => {
    await workloads.stop()
    await client.close()
    await server.close()
  })
}

export async function realBench(): Promise<Bench> {
  const ports = systemPorts()
  const binaries = await findBinaries((line) => process.stderr.write(`${line}\n`))
  const plane = await startControlPlane({ binaries, ports, audit: false })
  return withPods(ports, plane.transport(), () => plane.stop())
}

async function withPods(
  ports: Ports,
  transport: Transport,
  stop: () => Promise<void>,
): Promise<Bench> {
  const client = connectTo(transport, ports, { userAgent: 'kubelet' })
  const kubelet = await startKubelet(client, ports, {
    runtime: simulatedRuntime(ports.clock, { startMs: 20 }),
    serveLogs: false,
    drainMs: 0,
  })
  const reasons = new Map<string, Set<string>>()
  const deployments = client.watch<Deployment>(kinds.deployment, {
    project: (object) => object as Deployment,
  })
  deployments.subscribe((change) => {
    if (change.type === 'gone') return
    const { metadata, status } = change.now
    const own = reasons.get(metadata.namespace ?? '') ?? new Set()
    reasons.set(metadata.namespace ?? '', own)
    for (const { type, reason } of status?.conditions ?? []) own.add(`${type} ${reason}`)
  })
  await deployments.synced()
  return {
    reasons: (namespace) => [...(reasons.get(namespace) ?? [])].sort(),
    ask: async (method, path, body) => {
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
      const text = body === undefined ? {} : { body: JSON.stringify(body) }
      const headers = { 'content-type': type, accept: 'application/json' }
      const response = await transport.send({ method, path, headers, ...text })
      const chunks: Buffer[] = []
      for await (const chunk of response.body) chunks.push(Buffer.from(chunk))
      return {
        status: response.status,
        body: JSON.parse(Buffer.concat(chunks).toString('utf8')) as Deep,
      }
    },
    stop: async () => {
      await deployments.stop()
      await kubelet.stop()
      await client.close()
      await stop()
    },
  }
}
