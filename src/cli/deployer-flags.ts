/** `headgate -kubernetes URL -etcd URL`, as the deployer's original was started: the same as `headgate controller` with its options. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { oldFlags } from '#doors/deployer/old-flags.ts'
import { UsageError } from '#releases/errors.ts'

/** The words of today for those of the original; any others as they are. */
export function withOldFlags(words: readonly string[]): readonly string[] {
  const old = readOld(words)
  if (old === undefined) return words
  process.stderr.write('headgate: these are flags of old; see headgate controller --help\n')
  const { server, username, password } = old
  const user = username === undefined ? {} : { username, password: password ?? '' }
  const named = <T>(name: string, value: T) => ({ name: 'old', [name]: value })
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [named('cluster', { server })],
    users: [named('user', user)],
    contexts: [named('context', { cluster: 'old', user: 'old' })],
    'current-context': 'old',
  }
  // A password must not be seen by others, nor outlive us.
  const folder = mkdtempSync(join(tmpdir(), 'headgate-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'kubeconfig')
  writeFileSync(path, JSON.stringify(kubeconfig), { mode: 0o600 })
  return [...old.words, '--kubeconfig', path]
}

function readOld(words: readonly string[]) {
  try {
    return oldFlags(words)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
