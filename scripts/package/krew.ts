/** The manifest by which krew installs the plugin. */
import { stringify } from 'yaml'
import type { Architecture } from '../image/parts.ts'

export type KrewArchive = {
  readonly architecture: Architecture
  readonly url: string
  readonly sha256: string
}

export function krewManifest(version: string, archives: readonly KrewArchive[]): string {
  return stringify({
    apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
    kind: 'Plugin',
    metadata: { name: 'headgate' },
    spec: {
      version: `v${version}`,
      shortDescription: 'Watch and command progressive releases',
      description:
        'Lists, explains and commands releases of Headgate, whichever door they came through: releases, KULTA Rollouts, CanaryApps, experiments and deployments.\n',
      caveats:
        'The cluster needs the definitions of Headgate; kubectl headgate doctor says what is missing.\n',
      platforms: archives.map(({ architecture, url, sha256 }) => ({
        selector: { matchLabels: { os: 'linux', arch: architecture } },
        uri: url,
        sha256,
        bin: 'bin/kubectl-headgate',
      })),
    },
  })
}
