/** The example's script with a real curl, against `headgate local` as people start it. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SpawnedLocal, spawnLocal } from '../../../src/cli/child.ts'

const run = promisify(execFile)
let folder: string
let local: SpawnedLocal
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-curl-'))
  local = await spawnLocal({
    kubeconfig: join(folder, 'kubeconfig'),
    decisionLog: join(folder, 'decisions.jsonl'),
  })
})
afterAll(async () => {
  await local?.stop()
  await rm(folder, { recursive: true, force: true })
})

test('the example deploys, redeploys, undeploys, and shows its history', async () => {
  const { deployer = '' } = local.addresses
  const { stdout, stderr } = await run('sh', ['examples/deployer/session.sh', deployer], {
    timeout: 120_000,
  })
  expect(stderr).toBe('')
  const lines = stdout.split('\n')
  expect(lines).toContain('deployment: DEPLOYED')
  expect(lines).toContain('redeployment: DEPLOYED')
  expect(lines).toContain('undeployment: UNDEPLOYED')
  expect(lines.filter((line) => line.startsWith('history:'))).toEqual(['history: 1', 'history: 2'])
  expect(stdout).toMatch(/ version 1 serves\n/)
  expect(stdout).toContain('"podName": "shop-1-')
  expect(stdout).toContain('the router nginx cannot compress answers')
})

test('a web page of another place gets nowhere', async () => {
  const { deployer = '' } = local.addresses
  const { stdout } = await run('curl', [
    ...['-sS', '-o', '/dev/null', '-w', '%{http_code}', '-H', 'Origin: http://evil.example.com'],
    ...['-d', '{}', `${deployer}/descriptors/?namespace=default`],
  ])
  expect(stdout).toBe('403')
})
