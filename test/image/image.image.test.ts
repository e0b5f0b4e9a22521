/** The image as a cluster would run it: the same bytes from two copies of the sources, and as a user without rights. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { doors } from '#doors/register.ts'
import { startLocalCluster } from '#local/cluster.ts'
import {
  confined,
  manifestFor,
  manifestsIn,
  readBlob,
  unpackTree,
} from '../../scripts/image/layout.ts'
import { type Made, makeImage } from '../../scripts/image/main.ts'
import { architectures } from '../../scripts/image/parts.ts'

let folder: string
let made: Made
let tree: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-image-test-'))
  made = await makeImage(join(folder, 'layout'))
  tree = join(folder, 'tree')
  unpackTree(made.folder, tree)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A copy of what is in the project, as somebody else would clone it. */
function copyOfSources(): string {
  const to = join(folder, 'copy')
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
    encoding: 'utf8',
  })
  for (const path of listed
    .split('\n')
    // What was deleted is listed until that is committed.
    .filter((line) => existsSync(line) && !line.startsWith('node_modules'))) {
    mkdirSync(dirname(join(to, path)), { recursive: true })
    cpSync(path, join(to, path))
  }
  symlinkSync(join(process.cwd(), 'node_modules'), join(to, 'node_modules'))
  return to
}

test('two copies of the sources make the same image', () => {
  const told = execFileSync(process.execPath, ['scripts/image/main.ts', join(folder, 'second')], {
    cwd: copyOfSources(),
    encoding: 'utf8',
  })
  expect(told.trim()).toBe(made.digest)
})

test('both platforms are described, by a user without rights, with what is in them', () => {
  const manifests = manifestsIn(made.folder)
  expect(manifests.map(({ platform }) => platform?.architecture)).toEqual([...architectures])
  for (const architecture of architectures) {
    const { config: described } = manifestFor(made.folder, architecture)
    const { config } = readBlob<{ config: { User: string } }>(made.folder, described)
    expect(config.User).toBe('65532:65532')
  }
  const sbom = JSON.parse(readFileSync(join(tree, 'usr/share/doc/headgate/sbom.spdx.json'), 'utf8'))
  const names = (sbom as { packages: { name: string }[] }).packages.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['node', 'libc6', 'undici']))
})

test('nothing in it is owned by others, writable for others, or takes the rights of its owner', () => {
  const found = execFileSync(
    'find',
    [tree, '!', '-type', 'l', '!', '-path', `${tree}/tmp`, '-perm', '/6002'],
    { encoding: 'utf8' },
  )
  expect(found).toBe('')
})

test('the controller watches a cluster from a read-only root, as user 65532', async () => {
  const cluster = await startLocalCluster({ crds: doors.flatMap(({ crds }) => crds) })
  try {
    writeFileSync(join(tree, 'tmp/kubeconfig'), cluster.apiServer.kubeconfig())
    chmodSync(join(tree, 'tmp/kubeconfig'), 0o644)
    const [program = '', ...args] = confined(tree, [
      ...['controller', '--kubeconfig', '/tmp/kubeconfig', '--lease-namespace', 'default'],
      ...['--health-address', '127.0.0.1:0'],
    ])
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const exited = once(child, 'exit')
    const lines: string[] = []
    const said = new Promise<void>((resolve) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        lines.push(line)
        if (line.includes('the controller watches')) resolve()
      })
    })
    await Promise.race([said, exited])
    expect(lines.join('\n')).toContain('the controller watches')
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
    expect(status).toMatch(/^Uid:\s+65532\s+65532/m)
    expect(status).toMatch(/^CapEff:\s+0+$/m)
    child.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
  } finally {
    await cluster.stop()
  }
})
