/** The commands of the quick start, as they are printed, in their order, on the local cluster with the real kubectl. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SpawnedLocal, spawnLocal } from '../../src/cli/child.ts'

const page = 'docs/quick-start.md'
/** What is said of a cluster with a real kubelet: images, Deployments of the controller. */
const elsewhere = '# on your cluster\n'

const blocks = [...readFileSync(page, 'utf8').matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
  .map(([, text = '']) => text)
  .filter((text) => !text.startsWith(elsewhere))

let folder = ''
let kubeconfig = ''
let local: SpawnedLocal

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-quick-start-'))
  kubeconfig = join(folder, 'kubeconfig')
  local = await spawnLocal({ kubeconfig, decisionLog: join(folder, 'decisions') })
})
afterAll(async () => {
  await local.stop()
  rmSync(folder, { recursive: true, force: true })
})

function run(text: string): Promise<{ readonly code: number | null; readonly said: string }> {
  const headgate = `headgate() { '${process.execPath}' src/cli/main.ts "$@"; }`
  const other = process.env['HEADGATE_KUBECTL']
  const kubectl = other === undefined ? '' : `kubectl() { '${other}' "$@"; }`
  return new Promise((resolve) => {
    const child = spawn('bash', ['-c', `set -eu\n${headgate}\n${kubectl}\n${text}`], {
      env: { ...process.env, KUBECONFIG: kubeconfig },
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part: string) => {
        said += part
      })
    child.on('close', (code) => resolve({ code, said }))
  })
}

test('each block does what the page says', async () => {
  expect(blocks.length).toBeGreaterThan(6)
  const all: string[] = []
  for (const block of blocks) {
    const { code, said } = await run(block)
    expect(code, `${block}\n${said}`).toBe(0)
    all.push(said)
  }
  const said = all.join('\n')
  expect(said).toContain('web in default: Paused, step 2 of 4')
  expect(said).toContain('web: Completed, weights 100/0')
  expect(said).toContain('failed: Aborted')
}, 240_000)
