/** Programs that a lane needs beside those of the control plane, each built with Go from a module of its own in this tree. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build, cacheFolder, findGo } from '../../src/cli/local/binaries.ts'

export type GoProgram = {
  /** Of the Go module. */
  readonly folder: string
  readonly program: string
  /** Of the Go package. */
  readonly path: string
}

/**
 * The program's path, built where it is missing; `tell` hears of what takes long.
 * @throws Error with one sentence when Go is missing.
 */
export async function findGoProgram(
  { folder, program, path }: GoProgram,
  tell: (line: string) => void,
): Promise<string> {
  const into = cacheFolder(folder)
  const found = join(into, program)
  return existsSync(found) ? found : build({ folder, into, program, path }, tell)
}

/**
 * The folder of a module that a Go module of ours names, for what it has beside code, such as definitions.
 * @throws Error with one sentence when Go is missing.
 */
export async function goModuleFolder(folder: string, module: string): Promise<string> {
  const go = await findGo(process.env)
  if (go === undefined) {
    throw new Error(`definitions are read from the Go module ${module}: install Go (1.26 or newer)`)
  }
  const run = promisify(execFile)
  // Asked for by name, it is fetched where only the built program was kept.
  await run(go, ['mod', 'download', module], { cwd: folder })
  const { stdout } = await run(go, ['list', '-m', '-f', '{{.Dir}}', module], { cwd: folder })
  return stdout.trim()
}
