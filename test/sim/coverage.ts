/** What runs have reached: which faults struck in which state, and at which writes a process died. */
import type { Release } from '#core/api/release.ts'
import { crashModes, crashPoints } from './crash-points.ts'
import { type FaultKind, faultKinds, type State, states } from './plan.ts'
import { recordOf } from './record.ts'
import { allowed, nameOf } from './stories/register.ts'
import type { Setting } from './stories/story.ts'
import type { Write } from './truth.ts'

export type Coverage = {
  readonly cell: (state: State, fault: FaultKind) => void
  readonly point: (point: string) => void
  /** A version took over (good), or was turned back (bad). */
  readonly outcome: (setting: Setting, write: Write) => void
  readonly stories: () => ReadonlyMap<string, number>
  readonly cells: () => ReadonlyMap<string, number>
  readonly points: () => ReadonlyMap<string, number>
}

export type Counts = {
  readonly cells: Record<string, number>
  readonly points: Record<string, number>
  /** Runs in which a story came to an end, by its name and `good` or `bad`. */
  readonly stories: Record<string, number>
}

export function coverage(): Coverage {
  const cells = new Map<string, number>()
  const points = new Map<string, number>()
  const stories = new Map<string, number>()
  const count = (map: Map<string, number>, key: string): void => {
    map.set(key, (map.get(key) ?? 0) + 1)
  }
  return {
    cell: (state, fault) => count(cells, `${state} ${fault}`),
    point: (point) => count(points, point),
    outcome: (setting, { shelf, before, after }) => {
      if (shelf !== 'releases') return
      const [was, is] = [before as Release | undefined, after as Release | undefined].map(recordOf)
      if (was === undefined || is === undefined) return
      const name = nameOf(setting)
      if (was.stable !== '' && is.stable !== '' && was.stable !== is.stable)
        stories.set(`${name} good`, 1)
      if (is.failed.length > was.failed.length) stories.set(`${name} bad`, 1)
    },
    stories: () => stories,
    cells: () => cells,
    points: () => points,
  }
}

export function addCounts(total: Counts, more: Counts): void {
  for (const kind of ['cells', 'points', 'stories'] as const) {
    const sums = total[kind]
    for (const [key, count] of Object.entries(more[kind])) sums[key] = (sums[key] ?? 0) + count
  }
}

export const noCounts = (): Counts => ({ cells: {}, points: {}, stories: {} })

const knownCells: readonly string[] = states.flatMap((state) =>
  faultKinds.map((fault) => `${state} ${fault}`),
)

const knownPoints: readonly string[] = crashPoints.flatMap((point) =>
  crashModes.map((mode) => `${point} ${mode}`),
)

const knownStories: readonly string[] = allowed.flatMap((told) =>
  ['good', 'bad'].map((end) => `${nameOf(told)} ${end}`),
)

/** A table of states by faults, and what is missing. */
export function coverageText(counted: Counts): string {
  const { cells } = counted
  const width = Math.max(...faultKinds.map(({ length }) => length))
  const head = `${' '.repeat(width)} ${states.map((state) => state.padStart(10)).join(' ')}`
  const rows = faultKinds.map((fault) => {
    const counts = states.map((state) => String(cells[`${state} ${fault}`] ?? 0).padStart(10))
    return `${fault.padEnd(width)} ${counts.join(' ')}`
  })
  const { emptyCells, missedPoints, strangers, untold } = missing(counted)
  return [
    head,
    ...rows,
    `cells: ${knownCells.length - emptyCells.length} of ${knownCells.length}${listed(emptyCells)}`,
    `crash points: ${knownPoints.length - missedPoints.length} of ${knownPoints.length} known${listed(missedPoints)}`,
    `stories: ${knownStories.length - untold.length} of ${knownStories.length}${listed(untold)}`,
    ...(strangers.length === 0
      ? []
      : [`crash points that are not listed: ${strangers.join(', ')}`]),
  ].join('\n')
}

export function missing({ cells, points, stories }: Counts): {
  readonly emptyCells: readonly string[]
  readonly missedPoints: readonly string[]
  readonly strangers: readonly string[]
  /** Strategy × router × topology, good or bad, that no run came to the end of. */
  readonly untold: readonly string[]
} {
  return {
    emptyCells: knownCells.filter((cell) => cells[cell] === undefined),
    missedPoints: knownPoints.filter((point) => points[point] === undefined),
    untold: knownStories.filter((story) => stories[story] === undefined),
    strangers: Object.keys(points).filter((point) => !knownPoints.includes(point)),
  }
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? '' : `; without ${names.join(', ')}`
}
