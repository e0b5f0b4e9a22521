/** What the image consists of, as an SPDX 2.3 document, and whether all of it may be shipped. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Architecture, Part, Parts } from './parts.ts'

/** A component of the image. */
export type Component = {
  readonly name: string
  readonly version: string
  /** SPDX expression. */
  readonly licence: string
  /** Package URL. */
  readonly purl: string
}

/** Licences that let us ship a part without conditions on our own code. */
const allowed = new Set([
  ...['MIT', 'ISC', '0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0'],
  ...['Unlicense', 'CC0-1.0', 'Python-2.0', '(MIT OR Apache-2.0)', '(MIT OR CC0-1.0)'],
])

/** Of the Debian packages, as their copyright files say; each is shipped whole, beside our program and not in it. */
const debianLicences: Readonly<Record<string, string>> = {
  'base-files': 'GPL-2.0-or-later',
  'ca-certificates': 'MPL-2.0 AND GPL-2.0-or-later',
  libc6: 'LGPL-2.1-or-later',
  'libgcc-s1': 'GPL-3.0-or-later WITH GCC-exception-3.1',
  'libstdc++6': 'GPL-3.0-or-later WITH GCC-exception-3.1',
}

type Locked = { readonly version?: string; readonly dev?: boolean; readonly optional?: boolean }

/** All packages that a bundle may contain. @throws Error naming those whose licence is not allowed. */
export function bundledComponents(root: string): readonly Component[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Locked>>
  }
  const components = Object.entries(lock.packages)
    .filter(([path, { dev, optional }]) => path !== '' && dev !== true && optional !== true)
    .map(([path]) => componentAt(join(root, path)))
  const refused = components.filter(({ licence }) => !allowed.has(licence))
  if (refused.length > 0) {
    const list = refused.map(({ name, licence }) => `${name} (${licence})`).join(', ')
    throw new Error(`these packages may not be shipped without somebody looking: ${list}`)
  }
  return components
}

function componentAt(folder: string): Component {
  const { name, version, license } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  ) as { readonly name: string; readonly version: string; readonly license?: unknown }
  const licence = typeof license === 'string' ? license : 'NOASSERTION'
  return { name, version, licence, purl: `pkg:npm/${name.replace('@', '%40')}@${version}` }
}

export function systemComponents(parts: Parts, architecture: Architecture): readonly Component[] {
  const { debian, node } = parts[architecture]
  return [
    ...debian.map((part) => debianComponent(part, architecture)),
    {
      name: 'node',
      version: node.version,
      licence: 'MIT',
      purl: `pkg:generic/node@${node.version}?arch=${architecture}`,
    },
  ]
}

function debianComponent({ name, version }: Part, architecture: Architecture): Component {
  return {
    name,
    version,
    licence: debianLicences[name] ?? 'NOASSERTION',
    purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}`,
  }
}

/** The document; the same components give the same text. */
export function spdxOf(version: string, components: readonly Component[]): string {
  const id = (name: string): string => `SPDXRef-${name.replaceAll(/[^A-Za-z0-9.-]+/g, '-')}`
  const packages = components.map(({ name, version: its, licence, purl }) => ({
    SPDXID: `${id(name)}-${its.replaceAll(/[^A-Za-z0-9.-]+/g, '-')}`,
    name,
    versionInfo: its,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: licence,
    licenseDeclared: licence,
    externalRefs: [
      { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl },
    ],
  }))
  const document = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `headgate-${version}`,
    documentNamespace: `https://headgate.dev/sbom/${version}`,
    creationInfo: { created: '1970-01-01T00:00:00Z', creators: ['Tool: headgate-image'] },
    packages,
    relationships: packages.map(({ SPDXID }) => ({
      spdxElementId: 'SPDXRef-DOCUMENT',
      relationshipType: 'DESCRIBES',
      relatedSpdxElement: SPDXID,
    })),
  }
  return `${JSON.stringify(document, null, 2)}\n`
}
