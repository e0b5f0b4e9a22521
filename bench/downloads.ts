/** What people download, and how large it is. */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makePackages } from '../scripts/package/main.ts'
import type { Row } from './table.ts'

export async function downloadRows(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-bench-packages-'))
  try {
    const { sums } = await makePackages(folder)
    return Object.keys(sums).map((name) => ({
      id: 'package',
      what: name.endsWith('.tgz')
        ? 'the package for npm, without Node'
        : `the archive ${name}, with Node`,
      value: `${(statSync(join(folder, name)).size / 2 ** 20).toFixed(1)} MiB`,
      target: '',
      met: undefined,
    }))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
