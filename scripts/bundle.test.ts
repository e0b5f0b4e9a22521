/** The bundle: small, the same every time, and able to do what the sources do without anything beside it but Node. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Release } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { loadConfig } from '#kube/config.ts'
import { connectTo } from '#kube/connect.ts'
import { systemPorts } from '#kube/system.ts'
import { socketTransport } from '#kube/transport.ts'
import { httpRoute, release } from '#test/gen/release.ts'
import { watchUntil } from '../src/cli/wait.ts'
import { writeBundle } from './bundle.ts'

// Outside of the tree, so that no package is found by walking up from it.
const folder = mkdtempSync(join(tmpdir(), 'headgate-bundle-'))
const first = join(folder, 'first')
const headgate = join(first, 'headgate.js')

const children: ChildProcess[] = []

beforeAll(() => writeBundle(first))
afterAll(() => {
  for (const child of children) child.kill('SIGTERM')
  rmSync(folder, { recursive: true, force: true })
})

function filesOf(root: string): ReadonlyMap<string, Buffer> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort()
  return new Map(files.map((path) => [relative(root, path), readFileSync(path)]))
}

test('the same sources give the same bytes', async () => {
  await writeBundle(join(folder, 'second'))
  const [one, other] = [filesOf(first), filesOf(join(folder, 'second'))]
  expect([...other.keys()]).toEqual([...one.keys()])
  for (const [path, bytes] of one) expect(other.get(path)?.equals(bytes), path).toBe(true)
})

test('it stays below 5 MB, and its code is ASCII that looks for nothing outside', () => {
  const files = filesOf(first)
  const size = [...files.values()].reduce((sum, bytes) => sum + bytes.length, 0)
  expect(size).toBeLessThan(5e6)
  for (const [path, bytes] of files) {
    if (!path.endsWith('.js')) continue
    expect(
      bytes.every((byte) => byte < 0x80),
      path,
    ).toBe(true)
    expect(bytes.toString(), path).not.toMatch(/\bimport\.meta\b|node_modules/)
  }
})

test('it tells its version and answers a wrong flag with a sentence', async () => {
  const run = promisify(execFile)
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  const { stdout } = await run(process.execPath, [headgate, '--version'])
  expect(stdout.trim()).toBe(version)
  await expect(run(process.execPath, [headgate, 'local', '--frobnicate'])).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining("unknown option '--frobnicate'") as string,
  })
})

test('its local cluster and its controller bring a release up', async () => {
  const kubeconfig = join(folder, 'kubeconfig')
  const args = ['local', '--output', 'json', '--kubeconfig', kubeconfig, '--gateway-port', '0']
  const child = spawn(process.execPath, [headgate, ...args, '--health-port', '0'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  children.push(child)
  const exited = once(child, 'exit')
  const ended = exited.then(() => Promise.reject(new Error('it ended before it was ready')))
  const lines = createInterface({ input: child.stdout })
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string]
  const { health, dashboard } = JSON.parse(line) as { health: string; dashboard: string }
  expect((await fetch(`${health}/readyz`)).status).toBe(200)
  expect(await (await fetch(dashboard)).text()).toContain('<div id="page">')
  const ports = systemPorts()
  const cluster = connectTo(socketTransport(await loadConfig({ kubeconfig }), ports), ports)
  const releases = cluster.watch<Release>(kinds.release, { project: (object) => object as Release })
  const { uid: _uid, ...metadata } = release().metadata
  await cluster.create(kinds.httpRoute, httpRoute())
  await cluster.create(kinds.release, { ...release(), metadata } as Release)
  await watchUntil(releases, () => [...releases.values()][0]?.status?.phase === 'Completed')
  await cluster.close()
  child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
})
