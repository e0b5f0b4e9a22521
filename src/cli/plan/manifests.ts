/** Manifests as they are handed in: files, folders, standard input; YAML or JSON, several in one. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '#core/k8s/meta.ts'
import { UsageError } from '#releases/errors.ts'

/** @throws UsageError that names the file and what is wrong with it. */
export async function readManifests(paths: readonly string[]): Promise<readonly KubeObject[]> {
  const found = await Promise.all(paths.map(readPath))
  return found.flat()
}

async function readPath(path: string): Promise<readonly KubeObject[]> {
  if (path === '-') return objectsIn('standard input', await text(process.stdin))
  try {
    if (!(await stat(path)).isDirectory()) return objectsIn(path, await readFile(path, 'utf8'))
    const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort()
    if (names.length === 0) throw new UsageError(`${path} holds no file ending in .yaml or .json`)
    return await readManifests(names.map((name) => join(path, name)))
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(
      `${path} cannot be read: ${error instanceof Error ? error.message : 'why is not known'}`,
    )
  }
}

function objectsIn(where: string, content: string): readonly KubeObject[] {
  return parseAllDocuments(content).flatMap((document) => {
    const [problem] = document.errors
    if (problem !== undefined)
      throw new UsageError(`${where} is no YAML: ${problem.message.split('\n')[0]}`)
    const value = document.toJS() as unknown
    if (value === null || value === undefined) return []
    return objectsOf(where, value)
  })
}

function objectsOf(where: string, value: unknown): readonly KubeObject[] {
  const object = value as Partial<KubeObject> & { readonly items?: unknown }
  if (
    typeof object.kind === 'string' &&
    object.kind.endsWith('List') &&
    Array.isArray(object.items)
  )
    return object.items.flatMap((item) => objectsOf(where, item))
  const { apiVersion, kind, metadata } = object
  if (
    typeof apiVersion !== 'string' ||
    typeof kind !== 'string' ||
    typeof metadata?.name !== 'string'
  )
    throw new UsageError(`${where} holds something without apiVersion, kind or metadata.name`)
  return [value as KubeObject]
}
