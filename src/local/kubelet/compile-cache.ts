/**
 * A folder for the compiled form of the programs that pods run: the one our own program uses, where it has one
 * (`NODE_COMPILE_CACHE`), else a private one. That goes with the process that made it; one that was killed leaves it
 * behind, and the next to start takes it away.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type CompileCache = {
  readonly folder: string
  /** Nothing is in it yet that pods could use. */
  readonly isNew: boolean
  readonly close: () => void
}

const prefix = 'headgate-pods-'
const ownerIn = new RegExp(`^${prefix}(\\d+)-`)

export function openCompileCache(given = process.env['NODE_COMPILE_CACHE']): CompileCache {
  if (given) return { folder: given, isNew: false, close: () => undefined }
  for (const name of readdirSync(tmpdir())) {
    const owner = ownerIn.exec(name)?.[1]
    if (owner !== undefined && !isAlive(Number(owner))) discard(join(tmpdir(), name))
  }
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`))
  return { folder, isNew: true, close: () => discard(folder) }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

function discard(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch {
    // Somebody else's, and nothing but a cache.
  }
}
