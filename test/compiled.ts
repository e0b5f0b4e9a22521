/** Before a lane: one folder for the compiled form of every program of ours that its tests start. It goes with the lane. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export function setup(): (() => void) | undefined {
  if (process.env['NODE_COMPILE_CACHE']) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'headgate-compiled-'))
  process.env['NODE_COMPILE_CACHE'] = folder
  return () => rmSync(folder, { recursive: true, force: true })
}
