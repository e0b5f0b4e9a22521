/** A real control plane on which Headgate is installed, and what a person types there. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { connectTo } from '#kube/connect.ts'
import { systemPorts } from '#kube/system.ts'
import { findProgram } from '../../src/cli/local/binaries.ts'
import { type RealCluster, startRealCluster } from '../../src/cli/local/real.ts'
import type { Ground } from '../scenarios/stage.ts'
import { podAddress } from './beside-inside.ts'

const run = promisify(execFile)
const large = { maxBuffer: 64 * 1024 * 1024 }

/** Real control planes have much to do on few cores, and each question is a process of kubectl. */
export const late = { timeout: 60_000, interval: 300 }

export type InstallGround = Ground & {
  readonly real: RealCluster
  /** Of the test's own; it goes with the cluster. */
  readonly folder: string
  readonly kubeconfig: string
  /** Resolves with what it says; rejects where it fails. */
  readonly kubectl: (...words: readonly string[]) => Promise<string>
  /** Lines of a shell that stand in a document, with the real kubectl. */
  readonly type: (folder: string, line: string) => Promise<string>
  readonly headgate: (...words: readonly string[]) => Promise<string>
  readonly apply: (text: string) => Promise<void>
  readonly field: (resource: string, path: string, namespace?: string) => Promise<string>
  readonly untilPhase: (resource: string, phase: string) => Promise<void>
}

export async function openInstallGround(): Promise<InstallGround> {
  const ports = systemPorts()
  const folder = mkdtempSync(join(tmpdir(), 'headgate-install-'))
  const real = await startRealCluster({
    ports,
    followDelayMs: 50,
    apiServerFlags: [
      // A server that cannot stream its lists, as older ones: with others nobody ever lists.
      '--feature-gates=WatchList=false',
      // Owners that hold their objects back are allowed only to those who may write their finalizers.
      '--enable-admission-plugins=OwnerReferencesPermissionEnforcement',
      // Webhooks are called at endpoints: nobody routes addresses of Services here.
      '--enable-aggregator-routing=true',
    ],
  })
  const cluster = connectTo(real.apiServer.transport(), ports, { userAgent: 'test' })
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, real.apiServer.kubeconfig(), { mode: 0o600 })
  const program = await findProgram('kubectl', () => undefined)
  const env = { ...process.env, KUBECONFIG: kubeconfig }
  const kubectl: InstallGround['kubectl'] = async (...words) => {
    const { stdout, stderr } = await run(program, words, { env, ...large })
    return `${stdout}${stderr}`
  }
  const field: InstallGround['field'] = (resource, path, namespace = 'default') =>
    kubectl('get', '-n', namespace, resource, '-o', `jsonpath={${path}}`)
  return {
    ...{ real, cluster, gateway: real.gateway, apiServer: real.apiServer },
    ...{ folder, kubeconfig, kubectl, field },
    type: async (cwd, line) => {
      const words = ['-ec', line.replaceAll(/\bkubectl\b/g, program)]
      return (await run('sh', words, { cwd, env, ...large })).stdout
    },
    headgate: async (...words) => {
      const args = ['src/cli/main.ts', ...words, '--kubeconfig', kubeconfig]
      return (await run(process.execPath, args, large)).stdout
    },
    apply: async (text) => {
      const file = join(folder, 'applied.yaml')
      writeFileSync(file, text)
      await kubectl('apply', '-f', file)
    },
    untilPhase: (resource, phase) =>
      expect.poll(() => field(resource, '.status.phase'), late).toBe(phase),
    stop: async () => {
      await cluster.close()
      await real.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The Service's endpoint is our process, where the API server finds it for webhooks. */
export function pointService(
  { apply }: InstallGround,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<void> {
  return apply(`apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: ${name}-as-pod
  namespace: ${namespace}
  labels: {kubernetes.io/service-name: ${name}}
addressType: IPv4
ports: [{name: webhooks, port: 8443, protocol: TCP}]
endpoints: [{addresses: [${podAddress}], conditions: {ready: true}}]
`)
}
