/** Which version a deployment gets (A44, AD14, decision 28). */
import { plainName } from './names.ts'

/**
 * `#` is one more than the highest number that the application ever had, whoever knows of it: the counter, records,
 * what runs. Anything else is taken as it is written, in lower case.
 */
export function nextVersion(newVersion: string, known: readonly string[]): string {
  if (newVersion !== '#') return plainName(newVersion)
  return String(Math.max(0, ...known.map(numberOf)) + 1)
}

/** The number that a version is; 0 for versions of another kind. */
function numberOf(version: string): number {
  return /^[1-9]\d{0,14}$/.test(version) ? Number(version) : 0
}
