/**
 * Upgrade and downgrade in mid-release: the controller of an earlier commit and this one take turns over the same objects.
 * Weights only go forward, no pod of the old revision goes early, and no request is dropped.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '#kube/system.ts'
import { startTraffic } from '#local/traffic/traffic.ts'
import { Actor, apartGround, openStage, type Stage } from '../scenarios/stage.ts'

/** The last commit before the dashboard, with another layout of its own files. */
const earlier = 'df4e63de2478b865e6bc4f9c7a9e7accf366195c'

let stage: Stage
let folder = ''
let kubeconfig = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-skew-'))
  const tar = archived()
  execFileSync('tar', ['-x', '-C', folder], { input: tar })
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
  stage = await openStage(apartGround)
  kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, stage.local.apiServer.kubeconfig(), { mode: 0o600 })
})
afterAll(async () => {
  await stage?.stop()
  rmSync(folder, { recursive: true, force: true })
})

function archived(): Buffer {
  try {
    return execFileSync('git', ['archive', earlier, 'src', 'package.json'], {
      maxBuffer: 256 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch (error) {
    throw new Error(`commit ${earlier} is not in this clone; git fetch --unshallow brings it`, {
      cause: error,
    })
  }
}

type Running = { readonly stop: () => Promise<void> }

/** The controller of a tree; it ends as a pod does, by SIGTERM, and its successor waits for the lease. */
function run(tree: string): Running {
  const words = ['--kubeconfig', kubeconfig, '--lease-namespace', 'default', '--log-level', 'error']
  const child = spawn(
    process.execPath,
    [join(tree, 'src/cli/main.ts'), 'controller', '--health-address', '127.0.0.1:0', ...words],
    { cwd: tree, stdio: ['ignore', 'inherit', 'inherit'] },
  )
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  return {
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}

const ways = [
  ['by revision', {}],
  ['by role', { naming: 'role', kind: 'ReplicaSet' }],
] as const

test.each(ways)('a canary %s through both versions in turn', async (way, workloads) => {
  const shop = new Actor(stage, `skew-${way.slice(3)}`)
  const weights = [10, 30, 50, 70]
  const steps = weights.flatMap((weight) => [{ weight }, { pause: {} }])
  const trees = [folder, resolve('.')]
  let running = run(trees[0] ?? '')
  await shop.install('v1', { replicas: 2, workloads, strategy: { canary: { steps } } })
  await shop.comesTo('Completed')
  const seen: number[] = []
  const looking = stage.routes.subscribe(() => seen.push(shop.canaryWeight))
  const asking = startTraffic({
    url: `${stage.local.gateway.url}/hello`,
    host: `${shop.name}.example.com`,
    perSecond: 50,
    atOnce: 8,
    clock: systemClock(),
  })
  await shop.ask('v2')
  for (const [index, weight] of weights.entries()) {
    await shop.until(
      ({ status }) =>
        status?.reason?.type === 'WaitingForApproval' && status.step?.index === 2 * index + 1,
    )
    expect(shop.canaryWeight).toBe(weight)
    await running.stop()
    running = run(trees[(index + 1) % 2] ?? '')
    await shop.command('promote')
  }
  await shop.comesTo('Completed')
  looking()
  const { dropped, drops } = await asking.stop()
  await running.stop()
  expect({ dropped, drops }).toEqual({ dropped: 0, drops: [] })
  // Up to the promotion, which ends with everything at the stable Service again.
  const forward = seen.slice(0, seen.lastIndexOf(70) + 1)
  expect(forward).toEqual(forward.toSorted((one, other) => one - other))
  expect([...new Set(forward)]).toEqual(expect.arrayContaining(weights))
  expect(shop.pods()).toEqual({ v2: 2 })
})
