/** An OCI layout read again: what it describes, what it weighs, and its tree as a cluster would run it. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Architecture } from './parts.ts'

export type Pointer = {
  readonly digest: string
  readonly size: number
  readonly platform?: { readonly architecture: string }
}
export type ImageManifest = { readonly config: Pointer; readonly layers: readonly Pointer[] }

export function readBlob<T>(layout: string, { digest }: Pointer): T {
  return JSON.parse(readFileSync(blobPath(layout, digest), 'utf8')) as T
}

function blobPath(layout: string, digest: string): string {
  return join(layout, 'blobs', digest.replace(':', '/'))
}

/** One for each platform. */
export function manifestsIn(layout: string): readonly Pointer[] {
  const text = readFileSync(join(layout, 'index.json'), 'utf8')
  const { manifests } = JSON.parse(text) as { readonly manifests: readonly Pointer[] }
  return manifests.flatMap(
    (index) => readBlob<{ manifests: readonly Pointer[] }>(layout, index).manifests,
  )
}

/** @throws Error when this platform is not described. */
export function manifestFor(layout: string, architecture: Architecture): ImageManifest {
  const own = manifestsIn(layout).find(({ platform }) => platform?.architecture === architecture)
  if (own === undefined) throw new Error(`${layout} has no image for ${architecture}`)
  return readBlob<ImageManifest>(layout, own)
}

/** Bytes that are pulled where nothing of it is there yet. */
export function pulledBytes(layout: string, architecture: Architecture): number {
  const { config, layers } = manifestFor(layout, architecture)
  return [config, ...layers].reduce((sum, { size }) => sum + size, 0)
}

/** That of this machine, as images name it. */
function ownArchitecture(): Architecture {
  return process.arch === 'arm64' ? 'arm64' : 'amd64'
}

/** Unpacks the image of this machine's kind into a new folder. */
export function unpackTree(layout: string, to: string): void {
  mkdirSync(to)
  for (const { digest } of manifestFor(layout, ownArchitecture()).layers)
    execFileSync('tar', ['-xpzf', blobPath(layout, digest), '-C', to])
}

/** Runs its entrypoint in the tree: as its user, on a root that cannot be written. For root on Linux. */
export function confined(tree: string, args: readonly string[]): readonly string[] {
  const script = [
    `mount --bind ${tree} ${tree}`,
    `mount -o remount,ro,bind ${tree}`,
    `exec chroot --userspec=65532:65532 ${tree} /usr/bin/node /app/headgate.js "$@"`,
  ].join(' && ')
  return ['unshare', '-m', 'sh', '-c', script, 'sh', ...args]
}
