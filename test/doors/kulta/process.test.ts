/** The controller as a process with KULTA's own variables: its lease, its endpoints, its metrics, its webhooks. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { faces } from '#doors/faces.ts'
import { rolloutCrd } from '#doors/kulta/schema.ts'
import { doors } from '#doors/register.ts'
import type { Lease } from '#kube/lease-record.ts'
import { type LocalCluster, startLocalCluster } from '#local/cluster.ts'
import { watchUntil } from '../../../src/cli/wait.ts'
import { freePort } from '../../free-port.ts'

const folder = mkdtempSync(join(tmpdir(), 'headgate-kulta-'))
const leaseAt = { namespace: 'kulta-system', name: 'kulta-controller-leader' }
let local: LocalCluster
let controller: ChildProcess
let base = ''

beforeAll(async () => {
  // As in a cluster where KULTA was never installed: its definition comes later.
  const others = [...doors.filter(({ name }) => name !== 'kulta'), ...faces]
  local = await startLocalCluster({ crds: others.flatMap(({ crds }) => crds), followDelayMs: 50 })
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, local.apiServer.kubeconfig(), { mode: 0o600 })
  const port = await freePort()
  base = `http://127.0.0.1:${port}`
  const args = [
    'src/cli/main.ts',
    'controller',
    ...['--kubeconfig', kubeconfig, '--health-address', `127.0.0.1:${port}`],
    ...[
      '--lease-namespace',
      'default',
      '--superposition-address',
      '127.0.0.1:0',
      '--deployer-address',
      '127.0.0.1:0',
    ],
    ...['--webhook-address', '127.0.0.1:0', '--webhook-url', 'https://127.0.0.1:0'],
  ]
  const env = {
    ...process.env,
    RUST_LOG: 'debug',
    KULTA_OCCURRENCE_DIR: join(folder, 'occurrences'),
    KULTA_PROMETHEUS_ADDRESS: 'http://prometheus.monitoring.svc:9090',
    KULTA_LEADER_ELECTION: 'true',
  }
  controller = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  controller.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    log += chunk
  })
  controller.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    log += chunk
  })
  controller.once('exit', (code) => {
    if (code !== 0) process.stderr.write(log.slice(-4000))
  })
})
afterAll(async () => {
  const ended = new Promise((resolve) => controller.once('exit', resolve))
  controller.kill('SIGTERM')
  await ended
  await local.stop()
  rmSync(folder, { recursive: true, force: true })
})

function status(path: string): Promise<number> {
  return fetch(`${base}${path}`).then(
    async (answer) => {
      await answer.body?.cancel()
      return answer.status
    },
    () => 0,
  )
}

function rollout(name: string): KubeObject {
  const made = {
    apiVersion: 'kulta.io/v1beta1',
    kind: 'Rollout',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'app', image: 'myregistry/myapp:v1' }] },
      },
      strategy: { simple: {} },
    },
  }
  return made
}

async function reaches(name: string, phase: string): Promise<void> {
  type Shown = KubeObject & { readonly status?: { readonly phase?: string } }
  const rollouts = local.cluster.watch<Shown>(kinds.rollout)
  await rollouts.synced()
  await watchUntil(rollouts, () => rollouts.get(`default/${name}`)?.status?.phase === phase)
  await rollouts.stop()
}

const metrics = (): Promise<string> => fetch(`${base}/metrics`).then((answer) => answer.text())
const own = (): Promise<Lease> => local.cluster.get<Lease>(kinds.lease, leaseAt)

describe('the controller', () => {
  test('is ready without the definition, and takes Rollouts once it is there', async () => {
    await expect.poll(() => status('/readyz'), { timeout: 120_000 }).toBe(200)
    expect([await status('/healthz'), await status('/readyz'), await status('/nothing')]).toEqual([
      200, 200, 404,
    ])
    await local.cluster.create(kinds.customResourceDefinition, rolloutCrd)
    await expect
      .poll(() => local.cluster.create(kinds.rollout, rollout('early')).then(() => 'ok', String), {
        timeout: 60_000,
      })
      .toBe('ok')
    await reaches('early', 'Completed')
    const definition = await local.cluster.get<
      KubeObject & { spec: { conversion?: { strategy: string } } }
    >(kinds.customResourceDefinition, { name: 'rollouts.kulta.io' })
    expect(definition.spec.conversion?.strategy).toBe('Webhook')
  })

  test("tells KULTA's metrics beside its own", async () => {
    const answer = await fetch(`${base}/metrics`)
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    const text = await answer.text()
    for (const line of [
      /^kulta_reconciliations_total\{result="success"\} \d+/m,
      /^kulta_reconciliation_duration_seconds_bucket\{le="0.25",strategy="simple"\} \d+/m,
      /^kulta_rollouts_active\{phase="Completed",strategy="simple"\} 1/m,
      /^# TYPE kulta_traffic_weight gauge/m,
    ])
      expect(text).toMatch(line)
  })

  test('writes occurrences where its variable says', async () => {
    const read = (): string => readFileSync(join(folder, 'occurrences', 'occurrence.json'), 'utf8')
    await expect
      .poll(() => read().includes('rolling.rollout.completed'), { timeout: 60_000 })
      .toBe(true)
  })

  test('leaves Rollouts to an original that holds its lease, and takes over when that is silent', async () => {
    const names = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kulta-system' } }
    const lease: Lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: leaseAt,
      spec: {
        holderIdentity: 'kulta-controller-abc',
        leaseDurationSeconds: 3,
        leaseTransitions: 4,
      },
    }
    await local.cluster.create(kinds.namespace, names)
    await local.cluster.create<Lease>(kinds.lease, lease).catch(() => undefined)
    // Whoever was first: from here on the original has it, and renews it.
    let turn = 0
    const renew = async (): Promise<void> => {
      turn += 1
      const renewTime = `2026-01-01T00:00:00.${String(turn).padStart(6, '0')}Z`
      await local.cluster.patch(kinds.lease, leaseAt, 'merge', {
        spec: { ...lease.spec, renewTime },
      })
    }
    await renew()
    const renewing = setInterval(() => void renew().catch(() => undefined), 300)
    const skipped = /^kulta_reconciliations_total\{result="skipped"\} (\d+)/m
    const skips = async (): Promise<number> => Number(skipped.exec(await metrics())?.[1] ?? 0)
    await expect
      .poll(async () => (await own()).spec?.holderIdentity, { timeout: 60_000 })
      .toBe('kulta-controller-abc')
    await local.cluster.create(kinds.rollout, rollout('contested'))
    await expect.poll(skips, { timeout: 60_000 }).toBeGreaterThan(0)
    const sets = await local.cluster.list<KubeObject>(kinds.replicaSet, { namespace: 'default' })
    expect(sets.items.map(({ metadata }) => metadata.name)).toEqual(['early'])
    clearInterval(renewing)
    await reaches('contested', 'Completed')
    const { spec } = await own()
    expect(spec?.holderIdentity).not.toBe('kulta-controller-abc')
    expect(spec?.leaseTransitions).toBeGreaterThanOrEqual(5)
  })
})
