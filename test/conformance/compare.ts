/** Where two traces differ, in a few lines that a person can act on. */
import { isDeepStrictEqual } from 'node:util'
import type { Outcome } from './normalise.ts'

/** Empty where they are equal. The order of members is no difference. */
export function differences(
  wanted: readonly Outcome[],
  found: readonly Outcome[] | Error | undefined,
): readonly string[] {
  if (found === undefined) return ['it was not played']
  if (found instanceof Error) return [`it could not be played: ${found.message}`]
  return isDeepStrictEqual(wanted, found) ? [] : below('', wanted, found)
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** One line for each place where two values differ; empty where they are equal. */
export function below(path: string, wanted: unknown, found: unknown): string[] {
  if (isDeepStrictEqual(wanted, found)) return []
  if (Array.isArray(wanted) && Array.isArray(found)) {
    const length = Math.max(wanted.length, found.length)
    return Array.from({ length }, (_, index) => index).flatMap((index) =>
      below(`${path}[${index}]`, wanted[index], found[index]),
    )
  }
  if (isObject(wanted) && isObject(found)) {
    const keys = [...new Set([...Object.keys(wanted), ...Object.keys(found)])]
    return keys.flatMap((key) => below(`${path}.${key}`, wanted[key], found[key]))
  }
  return [`${path}: real ${shown(wanted)}, local ${shown(found)}`]
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 600 ? `${text.slice(0, 600)}…` : text
}
