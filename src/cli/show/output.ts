/** `-o`: what form a command's answer has. */
import type { KubeObject } from '#core/k8s/meta.ts'
import { UsageError } from '#releases/errors.ts'
import { jsonpath } from './jsonpath.ts'

export type Output =
  | { readonly kind: 'table' | 'wide' | 'json' | 'yaml' | 'name' }
  | { readonly kind: 'jsonpath'; readonly template: string }

const plain = ['wide', 'json', 'yaml', 'name'] as const

/** @throws UsageError that lists what there is. */
export function outputOf(text: string | undefined): Output {
  if (text === undefined) return { kind: 'table' }
  const kind = plain.find((known) => known === text)
  if (kind !== undefined) return { kind }
  const template = /^jsonpath=(.+)$/s.exec(text)?.[1]
  if (template !== undefined) return { kind: 'jsonpath', template }
  throw new UsageError(
    `--output ${text} is unknown; write one of ${plain.join(', ')}, jsonpath='{.status.phase}'`,
  )
}

/** One object as itself, several as a List. */
export async function printed(
  output: Extract<Output, { kind: 'json' | 'yaml' | 'jsonpath' }> | Output,
  value: unknown,
): Promise<string> {
  switch (output.kind) {
    case 'json':
      return `${JSON.stringify(value, undefined, 2)}\n`
    case 'yaml': {
      // Only who asks for it waits for it to load.
      const { stringify } = await import('yaml')
      return stringify(JSON.parse(JSON.stringify(value)))
    }
    case 'jsonpath':
      return jsonpath(output.template, value)
    default:
      return ''
  }
}

export function listOf(items: readonly KubeObject[]): object {
  return {
    apiVersion: 'v1',
    kind: 'List',
    metadata: { resourceVersion: '' },
    items: items.map(shorn),
  }
}

/** Without what only servers need. */
export function shorn(object: KubeObject): KubeObject {
  const { managedFields: _server, ...metadata } = object.metadata as KubeObject['metadata'] & {
    readonly managedFields?: unknown
  }
  return { ...object, metadata }
}
