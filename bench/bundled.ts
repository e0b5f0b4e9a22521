/** The command line as users get it: bundled into a folder of its own, once for all measurements. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeBundle } from '../scripts/bundle.ts'

let made: Promise<string> | undefined

/** Path of `headgate.js`. */
export function bundled(): Promise<string> {
  made ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), 'headgate-bundle-'))
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    await writeBundle(folder)
    return join(folder, 'headgate.js')
  })()
  return made
}

/** Bytes of everything in the folder of the bundle. */
export async function bundleSize(): Promise<number> {
  const folder = join(await bundled(), '..')
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
}
