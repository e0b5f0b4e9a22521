/**
 * `npm run package [-- FOLDER --from URL]`: what people download, in `dist-package/`: the package for npm, archives with a
 * Node of their own, their sums, JSON Schemas, and with the URL that they will lie at, the manifest for krew.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { version } from '../../src/cli/version.ts'
import { writeBundle } from '../bundle.ts'
import { architectures, fetchParts, lockedParts } from '../image/parts.ts'
import { nativeArchive, npmArchive } from './archives.ts'
import { krewManifest } from './krew.ts'
import { jsonSchemas } from './schemas.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export type Packages = {
  /** Names of the files in the folder, with the SHA-256 of each. */
  readonly sums: Readonly<Record<string, string>>
}

/** Makes them in a folder, which is emptied first. `from` is the URL of the folder that will hold them. */
export async function makePackages(folder: string, from?: string): Promise<Packages> {
  const parts = lockedParts()
  fetchParts(parts)
  const bundle = mkdtempSync(join(tmpdir(), 'headgate-bundle-'))
  try {
    await writeBundle(bundle)
    const completions = completionsOf(bundle)
    const native = architectures.map((architecture) => ({
      architecture,
      name: `headgate-${version}-linux-${architecture}.tar.gz`,
      body: nativeArchive(bundle, { parts, architecture, completions }),
    }))
    const npm = { name: `headgate-${version}.tgz`, body: npmArchive(bundle) }
    rmSync(folder, { recursive: true, force: true })
    for (const { name, body } of [npm, ...native]) write(join(folder, name), body)
    for (const [path, text] of Object.entries(jsonSchemas()))
      write(join(folder, 'schemas', path), text)
    const sums = Object.fromEntries(
      [npm, ...native].map(({ name, body }) => [
        name,
        createHash('sha256').update(body).digest('hex'),
      ]),
    )
    const lines = Object.entries(sums).map(([name, sum]) => `${sum}  ${name}\n`)
    write(join(folder, 'SHA256SUMS'), lines.join(''))
    if (from !== undefined) {
      const archives = native.map(({ architecture, name }) => ({
        architecture,
        url: `${from.replace(/\/$/, '')}/${name}`,
        sha256: sums[name] ?? '',
      }))
      write(join(folder, 'krew.yaml'), krewManifest(version, archives))
    }
    return { sums }
  } finally {
    rmSync(bundle, { recursive: true, force: true })
  }
}

/** As the program prints them, under the names by which shells look for them. */
function completionsOf(bundle: string): Readonly<Record<string, string>> {
  const print = (shell: string): string =>
    execFileSync(process.execPath, [join(bundle, 'headgate.js'), 'completion', shell], {
      encoding: 'utf8',
    })
  return { headgate: print('bash'), _headgate: print('zsh'), 'headgate.fish': print('fish') }
}

function write(path: string, body: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, body)
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { from: { type: 'string' } },
  })
  const folder = positionals[0] ?? join(root, 'dist-package')
  const { sums } = await makePackages(folder, values.from)
  for (const [name, sum] of Object.entries(sums)) process.stdout.write(`${sum}  ${name}\n`)
  if (values.from === undefined)
    process.stdout.write('krew.yaml is left out: --from URL says where the archives will lie\n')
}
