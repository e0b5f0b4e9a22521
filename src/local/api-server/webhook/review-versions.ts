/** The versions of AdmissionReview and ConversionReview that a webhook says it understands. */
import { type Problem, problem } from '#core/schema/problem.ts'
import { label1035Name } from '../names.ts'

/** Those that a server speaks. */
export const reviewVersions: readonly string[] = ['v1', 'v1beta1']

/** The one to speak: the first that both sides know. */
export function commonVersion(accepted: readonly string[]): string | undefined {
  return accepted.find((version) => reviewVersions.includes(version))
}

/** What is wrong with the list; `missing` is said of an empty one. */
export function reviewVersionProblems(
  versions: readonly string[],
  field: string,
  missing = '',
): Problem[] {
  if (versions.length === 0) return [problem.required(field, missing)]
  const seen = new Set<string>()
  const problems: Problem[] = []
  versions.forEach((version, index) => {
    const at = `${field}[${index}]`
    if (seen.has(version)) problems.push(problem.invalid(at, version, 'duplicate version'))
    else
      for (const text of label1035Name(version)) problems.push(problem.invalid(at, version, text))
    seen.add(version)
  })
  if (commonVersion(versions) === undefined) {
    const why = `must include at least one of ${reviewVersions.join(', ')}`
    problems.push(problem.invalid(field, [...versions], why))
  }
  return problems
}
