/** The verdict on all cases: how many are equal, how many lack something that is listed, and which differ. */
import { allCases } from './cases/all.ts'
import { differences } from './compare.ts'
import { lackingFor } from './lacking.ts'
import type { Outcome } from './normalise.ts'

export type Count = {
  readonly equal: number
  readonly lacking: number
  /** A few lines for each case that differs. */
  readonly different: ReadonlyMap<string, readonly string[]>
}

type Traces = ReadonlyMap<string, readonly Outcome[] | Error>

export function count(wanted: Traces, found: Traces): Count {
  const different = new Map<string, readonly string[]>()
  let equal = 0
  let lacking = 0
  for (const { id } of allCases) {
    const lines = compared(wanted.get(id), found.get(id))
    const known = lackingFor(id)
    if (known === undefined) {
      if (lines.length === 0) equal += 1
      else different.set(id, lines)
    } else if (lines.length > 0 && JSON.stringify(found.get(id)).includes(known.says)) lacking += 1
    else different.set(id, [`is listed as lacking, but does not say ${known.says}`, ...lines])
  }
  return { equal, lacking, different }
}

function compared(
  wanted: readonly Outcome[] | Error | undefined,
  found: readonly Outcome[] | Error | undefined,
): readonly string[] {
  if (wanted === undefined) return ['has no golden trace; run node test/conformance/record.ts']
  if (wanted instanceof Error) return [wanted.message]
  return differences(wanted, found)
}

export function told({ equal, lacking, different }: Count): string {
  return `conformance: ${equal} equal, ${lacking} lacking, ${different.size} different`
}
