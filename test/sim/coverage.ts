/** What runs have reached: which faults struck in which state, and at which writes a process died. */
import { crashModes, crashPoints } from './crash-points.ts'
import { type FaultKind, faultKinds, type State, states } from './plan.ts'

export type Coverage = {
  readonly cell: (state: State, fault: FaultKind) => void
  readonly point: (point: string) => void
  readonly cells: () => ReadonlyMap<string, number>
  readonly points: () => ReadonlyMap<string, number>
}

export type Counts = {
  readonly cells: Record<string, number>
  readonly points: Record<string, number>
}

export function coverage(): Coverage {
  const cells = new Map<string, number>()
  const points = new Map<string, number>()
  const count = (map: Map<string, number>, key: string): void => {
    map.set(key, (map.get(key) ?? 0) + 1)
  }
  return {
    cell: (state, fault) => count(cells, `${state} ${fault}`),
    point: (point) => count(points, point),
    cells: () => cells,
    points: () => points,
  }
}

export function addCounts(total: Counts, { cells, points }: Counts): void {
  for (const [key, count] of Object.entries(cells))
    total.cells[key] = (total.cells[key] ?? 0) + count
  for (const [key, count] of Object.entries(points))
    total.points[key] = (total.points[key] ?? 0) + count
}

export const knownCells: readonly string[] = states.flatMap((state) =>
  faultKinds.map((fault) => `${state} ${fault}`),
)

export const knownPoints: readonly string[] = crashPoints.flatMap((point) =>
  crashModes.map((mode) => `${point} ${mode}`),
)

/** A table of states by faults, and what is missing. */
export function coverageText({ cells, points }: Counts): string {
  const width = Math.max(...faultKinds.map(({ length }) => length))
  const head = `${' '.repeat(width)} ${states.map((state) => state.padStart(10)).join(' ')}`
  const rows = faultKinds.map((fault) => {
    const counts = states.map((state) => String(cells[`${state} ${fault}`] ?? 0).padStart(10))
    return `${fault.padEnd(width)} ${counts.join(' ')}`
  })
  const { emptyCells, missedPoints, strangers } = missing({ cells, points })
  return [
    head,
    ...rows,
    `cells: ${knownCells.length - emptyCells.length} of ${knownCells.length}${listed(emptyCells)}`,
    `crash points: ${knownPoints.length - missedPoints.length} of ${knownPoints.length} known${listed(missedPoints)}`,
    ...(strangers.length === 0
      ? []
      : [`crash points that are not listed: ${strangers.join(', ')}`]),
  ].join('\n')
}

export function missing({ cells, points }: Counts): {
  readonly emptyCells: readonly string[]
  readonly missedPoints: readonly string[]
  readonly strangers: readonly string[]
} {
  return {
    emptyCells: knownCells.filter((cell) => cells[cell] === undefined),
    missedPoints: knownPoints.filter((point) => points[point] === undefined),
    strangers: Object.keys(points).filter((point) => !knownPoints.includes(point)),
  }
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? '' : `; without ${names.join(', ')}`
}
