/** The three layers: the system, Node, and our bundle with what it consists of. */
import { execFileSync } from 'node:child_process'
import { globSync, lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Architecture, fileOf, type Parts } from './parts.ts'
import type { Entry } from './tar.ts'

/** Nothing of it is read by a process without a shell, a terminal or a language. */
const leftOut = [
  /^usr\/share\/doc\/[^/]+\/(?!copyright$)/,
  /^usr\/share\/(man|locale|lintian|info|i18n|doc-base|bug)(\/|$)/,
  /^usr\/lib\/[^/]+\/gconv(\/|$)/,
  /^etc\/(update-motd\.d|ca-certificates|ld\.so\.conf\.d\/x)/,
  /^(dev|proc|sys|run|var|boot|home|root|mnt|media|srv|opt)(\/|$)/,
  /^usr\/(s?bin|games|local|src|include)(\/|$)/,
  /^s?bin(\/|$)/,
]

export function systemLayer(parts: Parts, architecture: Architecture): readonly Entry[] {
  const entries = parts[architecture].debian.flatMap((part) => unpacked(part.name, fileOf(part)))
  return [...entries, ...accounts, certificates(entries), ...empty]
}

function unpacked(name: string, deb: string): Entry[] {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-image-'))
  try {
    execFileSync('dpkg-deb', ['--extract', deb, folder])
    return entriesBelow(folder)
  } catch (error) {
    throw new Error(`${name} cannot be unpacked: ${(error as Error).message}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function entriesBelow(folder: string): Entry[] {
  const paths = globSync('**', { cwd: folder }).filter((path) => path !== '.')
  return paths
    .filter((path) => !leftOut.some((pattern) => pattern.test(path)))
    .map((path) => entryAt(folder, path))
}

function entryAt(folder: string, path: string): Entry {
  const full = join(folder, path)
  const found = lstatSync(full)
  const mode = found.mode & 0o777
  if (found.isSymbolicLink()) return { kind: 'link', path, to: readlinkSync(full) }
  if (found.isDirectory()) return { kind: 'folder', path, mode }
  return { kind: 'file', path, mode, body: readFileSync(full) }
}

const accounts: readonly Entry[] = [
  text(
    'etc/passwd',
    'root:x:0:0:root:/:/nonexistent\nheadgate:x:65532:65532:headgate:/:/nonexistent\n',
  ),
  text('etc/group', 'root:x:0:\nheadgate:x:65532:\n'),
]

const empty: readonly Entry[] = [
  { kind: 'folder', path: 'tmp', mode: 0o1777 },
  ...['dev', 'proc', 'sys', 'run', 'var'].map(
    (path): Entry => ({ kind: 'folder', path, mode: 0o755 }),
  ),
]

/** What the package makes when it is installed: all its certificates in one file. */
function certificates(entries: readonly Entry[]): Entry {
  const all = entries
    .filter((entry) => entry.kind === 'file')
    .filter(({ path }) => path.startsWith('usr/share/ca-certificates/') && path.endsWith('.crt'))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
  return text(
    'etc/ssl/certs/ca-certificates.crt',
    all
      .map(({ body }) => body.toString('utf8').trimEnd())
      .join('\n')
      .concat('\n'),
  )
}

export function nodeLayer(parts: Parts, architecture: Architecture): readonly Entry[] {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-image-'))
  try {
    execFileSync('tar', ['-xzf', fileOf(parts[architecture].node), '-C', folder])
    const from = (path: string): Buffer => readFileSync(join(folder, 'package', path))
    return [
      { kind: 'file', path: 'usr/bin/node', mode: 0o755, body: from('bin/node') },
      { kind: 'file', path: 'usr/share/doc/node/LICENSE', mode: 0o644, body: from('LICENSE') },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The bundle, readable for all and writable for none, with the list of what is in it. */
export function appLayer(bundle: string, sbom: string, licence: string): readonly Entry[] {
  return [
    ...bundleEntries(bundle, 'app'),
    text('usr/share/doc/headgate/sbom.spdx.json', sbom),
    text('usr/share/doc/headgate/LICENSE', licence),
  ]
}

/** The bundle in a folder of the archive. */
export function bundleEntries(bundle: string, to: string): readonly Entry[] {
  const files = entriesBelow(bundle).map((entry) => ({ ...entry, path: `${to}/${entry.path}` }))
  return files.map((entry) => (entry.kind === 'link' ? entry : { ...entry, mode: modeOf(entry) }))
}

/** The same whatever the umask of whoever built it. */
function modeOf({ mode }: { readonly mode: number }): number {
  return (mode & 0o100) === 0 ? 0o644 : 0o755
}

export function text(path: string, content: string, mode = 0o644): Entry {
  return { kind: 'file', path, mode, body: Buffer.from(content) }
}
