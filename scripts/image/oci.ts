/** An OCI image layout in a folder: blobs by their digests, a manifest for each platform, one index. */
import { createHash } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Entry, tarOf } from './tar.ts'

export type Platform = { readonly os: 'linux'; readonly architecture: 'amd64' | 'arm64' }

export type Image = {
  readonly platform: Platform
  /** From the one that changes least to the one that changes most. */
  readonly layers: readonly { readonly about: string; readonly entries: readonly Entry[] }[]
  /** As in the image specification: `User`, `Entrypoint`, `Env`, … */
  readonly config: Readonly<Record<string, unknown>>
}

type Descriptor = {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly platform?: Platform
  readonly annotations?: Readonly<Record<string, string>>
}

const oci = 'application/vnd.oci.image'

/** Writes the layout, in place of what was there. Returns the digest of its index. */
export function writeLayout(folder: string, name: string, images: readonly Image[]): string {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true })
  const manifests = images.map((image) => manifestOf(folder, image))
  const index = { schemaVersion: 2, mediaType: `${oci}.index.v1+json`, manifests }
  const stored = json(folder, index, index.mediaType)
  const ref = { 'org.opencontainers.image.ref.name': name }
  writeJson(join(folder, 'index.json'), {
    schemaVersion: 2,
    mediaType: index.mediaType,
    manifests: [{ ...stored, annotations: ref }],
  })
  writeJson(join(folder, 'oci-layout'), { imageLayoutVersion: '1.0.0' })
  return stored.digest
}

function manifestOf(folder: string, { platform, layers, config }: Image): Descriptor {
  const made = layers.map(({ about, entries }) => {
    const tar = tarOf(entries)
    const packed = blob(folder, gzipSync(tar, { level: 9 }), `${oci}.layer.v1.tar+gzip`)
    return { about, packed, diff: digestOf(tar) }
  })
  const described = {
    ...platform,
    config,
    rootfs: { type: 'layers', diff_ids: made.map(({ diff }) => diff) },
    history: made.map(({ about }) => ({ created_by: about })),
  }
  const manifest = {
    schemaVersion: 2,
    mediaType: `${oci}.manifest.v1+json`,
    config: json(folder, described, `${oci}.config.v1+json`),
    layers: made.map(({ packed }) => packed),
  }
  return { ...json(folder, manifest, manifest.mediaType), platform }
}

function json(folder: string, value: unknown, mediaType: string): Descriptor {
  return blob(folder, Buffer.from(JSON.stringify(value)), mediaType)
}

function blob(folder: string, body: Buffer, mediaType: string): Descriptor {
  const digest = digestOf(body)
  writeFileSync(join(folder, 'blobs', digest.replace(':', '/')), body)
  return { mediaType, digest, size: body.length }
}

function digestOf(body: Buffer): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(path, JSON.stringify(value))
}
