/** Traefik, built with Go from a module of its own here; `absent` has what no module proxy serves and no test needs. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, cacheFolder } from '../../src/cli/local/binaries.ts'

/** The folder of the Go module. */
export const traefikModule = fileURLToPath(new URL('./traefik', import.meta.url))

/**
 * The program's path, built where it is missing; `tell` hears of what takes long.
 * @throws Error with one sentence when Go is missing.
 */
export async function findTraefik(tell: (line: string) => void): Promise<string> {
  const into = cacheFolder(traefikModule)
  const found = join(into, 'traefik')
  if (existsSync(found)) return found
  const path = 'github.com/traefik/traefik/v3/cmd/traefik'
  return await build({ folder: traefikModule, into, program: 'traefik', path }, tell)
}
