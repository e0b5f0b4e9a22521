/** `headgate local --control-plane=real` for a person: kubectl, pods, logs, the gateway, and nothing left behind. */
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Binaries, findBinaries } from '../../src/cli/local/binaries.ts'

const folder = mkdtempSync(join(tmpdir(), 'headgate-command-'))
const kubeconfig = join(folder, 'kubeconfig')
let binaries: Binaries
let addresses: Readonly<Record<string, string>>
let end: () => Promise<number | null>
let pid: number

beforeAll(async () => {
  binaries = await findBinaries(() => undefined)
  const args = ['--control-plane=real', '--output', 'json', '--kubeconfig', kubeconfig]
  const child = spawn(process.execPath, ['src/cli/main.ts', 'local', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  pid = child.pid ?? 0
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  end = () => {
    child.kill('SIGTERM')
    return ended
  }
  const line = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      if (text.endsWith('\n')) resolve(text)
    })
    void ended.then(() => reject(new Error('the command ended before the cluster was ready')))
  })
  addresses = JSON.parse(line) as Readonly<Record<string, string>>
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function kubectl(...args: string[]): Promise<string> {
  const env = { ...process.env, KUBECONFIG: kubeconfig, HOME: folder }
  return new Promise((resolve, reject) => {
    execFile(binaries.kubectl, args, { env, timeout: 30_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(`kubectl ${args.join(' ')}: ${stderr}`))
    })
  })
}

/** Processes that come from this one, whatever group they are in. */
async function descendants(root: number): Promise<readonly string[]> {
  const table = await new Promise<string>((resolve) => {
    execFile('ps', ['-eo', 'pid=,ppid='], (_error, stdout) => resolve(stdout))
  })
  const rows = table.split('\n').map((line) => line.trim().split(/\s+/))
  const below = (parent: string): string[] =>
    rows.flatMap(([one = '', of]) => (of === parent ? [one, ...below(one)] : []))
  return below(String(root))
}

test('kubectl finds a real API server with our definitions', async () => {
  expect(await kubectl('version', '--output=json')).toContain('"gitVersion": "v1.34.4"')
  expect(await kubectl('get', 'crd', '-o', 'name')).toContain('releases.headgate.dev')
  expect(await kubectl('get', 'nodes')).toMatch(/local +Ready/)
})

test('a Deployment comes up by the real controllers, and its pods log and answer', async () => {
  await kubectl(
    'create',
    'deployment',
    'web',
    '--image=example/web:v1',
    '--replicas=2',
    '--port=8080',
  )
  await kubectl('expose', 'deployment', 'web', '--port=80', '--target-port=8080')
  await kubectl('rollout', 'status', 'deployment', 'web', '--timeout=30s')
  expect(await kubectl('logs', 'deployment/web')).toContain('example/web:v1')
  const proxied = '/api/v1/namespaces/default/services/web:80/proxy/hello'
  await expect.poll(() => kubectl('get', '--raw', proxied).catch(String)).toContain('v1')
  const query = '/api/v1/namespaces/monitoring/services/prometheus:9090/proxy/api/v1/query?query=up'
  await expect.poll(() => kubectl('get', '--raw', query)).toContain('"status":"success"')
})

test('all parts answer at the printed addresses', async () => {
  const { health = '', prometheus = '', gateway = '' } = addresses
  expect((await fetch(`${health}/readyz`)).status).toBe(200)
  expect((await fetch(`${prometheus}/api/v1/query?query=up`)).status).toBe(200)
  expect((await fetch(gateway)).status).toBe(404)
})

test('it ends when told so and leaves no process behind', async () => {
  const children = await descendants(pid)
  expect(children.length).toBeGreaterThan(5)
  expect(await end()).toBe(0)
  await expect(kubectl('get', 'nodes')).rejects.toThrow('refused')
  expect(children.filter((one) => existsSync(`/proc/${one}`))).toEqual([])
})

test('who is not root gets one sentence', async () => {
  const said = await new Promise<string>((resolve) => {
    const script = 'node src/cli/main.ts local --control-plane=real'
    const options = { uid: 65_534, gid: 65_534, env: { PATH: process.env['PATH'] } }
    execFile(process.execPath, script.split(' ').slice(1), options, (_error, _out, stderr) =>
      resolve(stderr),
    )
  })
  expect(said).toMatch(/^headgate: --control-plane=real needs root on Linux.*\n$/)
})
