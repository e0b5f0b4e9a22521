/** What is said of a finalizer on an object of a custom kind that does not say whose it is. */
import { asArray } from '#core/schema/json.ts'
import { qualifiedName } from '../names.ts'
import type { Stored } from '../resource.ts'

const standard = new Set(['orphan', 'foregroundDeletion', 'kubernetes'])

/** Warnings about the finalizers that an update adds, or that a new object has. */
export function finalizerWarnings(object: Stored, old: Stored | undefined): string[] {
  const before = new Set(asArray(old?.metadata.finalizers).map(String))
  const added = asArray(object.metadata.finalizers).map(String)
  const fresh = [...new Set(added)].filter((name) => !before.has(name)).sort()
  return fresh.flatMap((name) =>
    [...qualifiedName(name), ...advice(name)].map((text) => said(name, text)),
  )
}

const said = (name: string, text: string): string =>
  `metadata.finalizers: ${JSON.stringify(name)}: ${text}`

function advice(name: string): string[] {
  if (name.includes('/') || standard.has(name)) return []
  const path = name.includes('.') ? ' including a path (/)' : ''
  return [
    `prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`,
  ]
}
