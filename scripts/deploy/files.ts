/** Files as they are written: their paths from the root, and their text. */
import { stringify } from 'yaml'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Manifest } from './names.ts'

export type Files = Readonly<Record<string, string>>

export const header = '# Written by `node scripts/deploy.ts`; change it there.\n'

/** So that readers of YAML 1.1 understand it, too: to Helm, `Off` without quotes is a boolean. */
export function yamlOf(value: unknown): string {
  return stringify(value, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false })
}

/** Several objects in one file. */
export function manifests(objects: readonly (Manifest | KubeObject)[]): string {
  return header + objects.map(yamlOf).join('---\n')
}

/** All under one folder. */
export function under(folder: string, files: Files): Files {
  return Object.fromEntries(
    Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]),
  )
}
