/** Archives of the command line: for npm, and with a Node of their own for machines that have none. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { bundleEntries, nodeLayer, text } from '../image/layers.ts'
import type { Architecture, Parts } from '../image/parts.ts'
import { type Entry, tarOf } from '../image/tar.ts'

/** What npm calls a package: everything below `package/`. */
export function npmArchive(bundle: string): Buffer {
  return packed(bundleEntries(bundle, 'package'))
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
    ...bundleEntries(bundle, 'lib/headgate'),
    ...names.flatMap((name): readonly Entry[] => [
      text(`bin/${name}`, launcher(name), 0o755),
      ...(name === 'headgate'
        ? []
        : [{ kind: 'link', path: `lib/headgate/${name}`, to: 'headgate.js' } as const]),
    ]),
    ...Object.entries(completions).map(([name, script]) => text(`completions/${name}`, script)),
    text('LICENSE', readFileSync(join(bundle, 'LICENSE'), 'utf8')),
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

function packed(entries: readonly Entry[]): Buffer {
  return gzipSync(tarOf(entries), { level: 6 })
}
