/** Archives of the command line: for npm, and with a Node of their own for machines that have none. */
import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { nodeLayer } from '../image/layers.ts'
import type { Architecture, Parts } from '../image/parts.ts'
import { type Entry, tarOf } from '../image/tar.ts'

/** What npm calls a package: everything below `package/`. */
export function npmArchive(bundle: string): Buffer {
  return packed(below(bundle, 'package'))
}

/** The names by which the program is called, also by kubectl. */
const names = ['headgate', 'kubectl-headgate', 'kubectl_complete-headgate']

/** Unpacked anywhere, it runs; `bin` may be on the PATH, or be linked to from there. */
export function nativeArchive(
  bundle: string,
  {
    parts,
    architecture,
    completions,
  }: {
    readonly parts: Parts
    readonly architecture: Architecture
    readonly completions: Readonly<Record<string, string>>
  },
): Buffer {
  const node = nodeLayer(parts, architecture).map(
    (entry): Entry =>
      entry.path === 'usr/bin/node'
        ? { ...entry, path: 'lib/node' }
        : { ...entry, path: 'lib/node-LICENSE' },
  )
  return packed([
    ...node,
    ...below(bundle, 'lib/headgate'),
    ...names.flatMap((name): readonly Entry[] => [
      file(`bin/${name}`, launcher(name), 0o755),
      ...(name === 'headgate'
        ? []
        : [{ kind: 'link', path: `lib/headgate/${name}`, to: 'headgate.js' } as const]),
    ]),
    ...Object.entries(completions).map(([name, text]) => file(`completions/${name}`, text, 0o644)),
    file('LICENSE', readFileSync(join(bundle, 'LICENSE'), 'utf8'), 0o644),
  ])
}

/** The program looks at the name that it was called by. */
function launcher(name: string): string {
  return `#!/bin/sh
self=$(readlink -f "$0")
lib=$(dirname "$(dirname "$self")")/lib
exec "$lib/node" "$lib/headgate/${name === 'headgate' ? 'headgate.js' : name}" "$@"
`
}

function below(folder: string, to: string): readonly Entry[] {
  const paths = globSync('**', { cwd: folder }).filter(
    (path) => path !== '.' && statSync(join(folder, path)).isFile(),
  )
  return paths.map((path) => ({
    kind: 'file',
    path: `${to}/${path}`,
    mode: statSync(join(folder, path)).mode & 0o111 ? 0o755 : 0o644,
    body: readFileSync(join(folder, path)),
  }))
}

function file(path: string, text: string, mode: number): Entry {
  return { kind: 'file', path, mode, body: Buffer.from(text) }
}

function packed(entries: readonly Entry[]): Buffer {
  return gzipSync(tarOf(entries), { level: 6 })
}
