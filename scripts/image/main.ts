/** `npm run image`: the image as an OCI layout in `dist-image/`, made without a container daemon. Prints its digest. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { version } from '../../src/cli/version.ts'
import { writeBundle } from '../bundle.ts'
import { appLayer, nodeLayer, systemLayer } from './layers.ts'
import { type Image, writeLayout } from './oci.ts'
import {
  type Architecture,
  architectures,
  fetchParts,
  lockedParts,
  type Parts,
  updateParts,
} from './parts.ts'
import { bundledComponents, spdxOf, systemComponents } from './sbom.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Who the image runs as; deploy/ says the same. */
const user = '65532:65532'

/** How it runs; deploy/image/Dockerfile says the same, with Node where its base has it. */
export const running = {
  User: user,
  Entrypoint: ['/usr/bin/node', '/app/headgate.js'],
  Cmd: ['controller'],
  Env: [
    'PATH=/usr/bin',
    'NODE_ENV=production',
    // One arena for all threads of the C library: twelve MiB less after a busy time.
    'MALLOC_ARENA_MAX=1',
  ],
} as const

export type Made = { readonly digest: string; readonly folder: string }

/** Makes the layout in a folder, which is emptied first. */
export async function makeImage(folder: string): Promise<Made> {
  const parts = lockedParts()
  fetchParts(parts)
  const bundle = mkdtempSync(join(tmpdir(), 'headgate-bundle-'))
  try {
    await writeBundle(bundle)
    const images = architectures.map((architecture) => imageOf(parts, architecture, bundle))
    const digest = writeLayout(folder, `headgate:${version}`, images)
    for (const architecture of architectures) {
      writeFileSync(join(folder, `sbom-${architecture}.spdx.json`), sbomOf(parts, architecture))
    }
    return { digest, folder }
  } finally {
    rmSync(bundle, { recursive: true, force: true })
  }
}

function imageOf(parts: Parts, architecture: Architecture, bundle: string): Image {
  const licence = readFileSync(join(root, 'LICENSE'), 'utf8')
  return {
    platform: { os: 'linux', architecture },
    layers: [
      { about: 'Debian: C library and certificates', entries: systemLayer(parts, architecture) },
      { about: 'Node', entries: nodeLayer(parts, architecture) },
      { about: 'Headgate', entries: appLayer(bundle, sbomOf(parts, architecture), licence) },
    ],
    config: {
      ...running,
      WorkingDir: '/',
      ExposedPorts: { '8080/tcp': {}, '8443/tcp': {} },
      Labels: {
        'org.opencontainers.image.title': 'headgate',
        'org.opencontainers.image.version': version,
        'org.opencontainers.image.licenses': 'Apache-2.0',
      },
    },
  }
}

function sbomOf(parts: Parts, architecture: Architecture): string {
  const components = [...systemComponents(parts, architecture), ...bundledComponents(root)]
  return spdxOf(version, components)
}

if (import.meta.main) {
  if (process.argv.includes('--update')) updateParts()
  const folder = process.argv.slice(2).find((word) => !word.startsWith('-'))
  const { digest } = await makeImage(folder ?? join(root, 'dist-image'))
  process.stdout.write(`${digest}\n`)
}
