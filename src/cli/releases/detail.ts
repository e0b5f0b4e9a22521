/** One release with all that belongs to it, as a tree. */

import type { AnalysisState } from '#core/model/notebook.ts'
import { parseInstant } from '#core/time.ts'
import { routers } from '#core/traffic/register.ts'
import { type Entry, fullName } from '#releases/entry.ts'
import { percent, reasonOf, rolesInUse, rolesOf } from '#releases/facts.ts'
import {
  imagesOf,
  podState,
  type RevisionPart,
  restartsOf,
  type WorkloadPart,
} from '#releases/parts.ts'
import { stepDetail, timing, verdictDetail } from '#releases/words.ts'
import { ageOf } from '../show/age.ts'
import { table } from '../show/table.ts'
import { harmless, type Paint } from '../show/terminal.ts'
import { type Branch, treeRows } from '../show/tree.ts'
import { ageOfObject, phaseCell } from './rows.ts'

export type Seen = {
  readonly entry: Entry
  readonly revisions: readonly RevisionPart[]
  readonly now: number
  readonly paint: Paint
  /** Revisions that only wait as a way back, too. */
  readonly all: boolean
}

export function detail(seen: Seen): readonly string[] {
  const { entry, now } = seen
  const { type, message } = reasonOf(entry)
  return [
    `${harmless(type)}: ${harmless(message)}`,
    ...timing(entry, now),
    ...entry.problems.map(({ path, message: problem }) => harmless(`wrong: ${path}: ${problem}`)),
    '',
    ...table(['NAME', 'STATE', 'AGE', 'DETAIL'], treeRows(root(seen))),
  ]
}

function root(seen: Seen): Branch {
  const { entry, now, paint, revisions, all } = seen
  const shown = revisions.filter(
    ({ roles, workloads }) =>
      all || roles.length > 0 || workloads.some(({ pods }) => pods.length > 0),
  )
  return {
    cells: [fullName(entry), phaseCell(entry, paint), ageOfObject(entry, now), stepDetail(entry)],
    under: [
      ...shown.map((revision) => revisionBranch(seen, revision)),
      ...routeBranches(entry),
      ...(entry.book?.analyses ?? []).map((analysis) => analysisBranch(entry, analysis, now)),
    ],
  }
}

function revisionBranch({ entry, now }: Seen, part: RevisionPart): Branch {
  const of = rolesInUse(entry.book).filter(({ revision }) => revision === part.revision)
  const failed = entry.book?.failed.find(({ revision }) => revision === part.revision)
  const weights = of.map(({ wanted, confirmed }) =>
    wanted === confirmed
      ? `${percent(confirmed)} %`
      : `${percent(confirmed)} % → ${percent(wanted)} %`,
  )
  const state = part.roles.join(', ') || (failed === undefined ? 'kept' : 'failed')
  return {
    cells: [
      `revision ${part.revision}`,
      state,
      ageOf(parseInstant(part.createdAt), now),
      weights.length === 0 ? (failed?.message ?? '') : `weight ${weights.join(', ')}`,
    ],
    under: part.workloads.map((workload) => workloadBranch(workload, now)),
  }
}

function workloadBranch({ object, pods }: WorkloadPart, now: number): Branch {
  const { kind, metadata, spec, status } = object
  const ready = `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1} ready`
  return {
    cells: [
      `${kind} ${metadata.name}`,
      ready,
      ageOfObject({ object }, now),
      imagesOf(spec.template),
    ],
    under: pods.map((pod) => {
      const restarts = restartsOf(pod)
      const told = restarts === 0 ? '' : `${restarts} ${restarts === 1 ? 'restart' : 'restarts'}`
      return {
        cells: [`Pod ${pod.metadata.name}`, podState(pod), ageOfObject({ object: pod }, now), told],
        under: [],
      }
    }),
  }
}

function routeBranches({ app, book }: Entry): readonly Branch[] {
  if (app === undefined) return []
  const refs = routers[app.traffic.router]?.objects(app) ?? []
  const said = rolesOf(book).map(({ role, wanted, confirmed }) =>
    wanted === confirmed
      ? `${role} ${percent(confirmed)} %`
      : `${role} ${percent(confirmed)} % → ${percent(wanted)} %`,
  )
  const settled = rolesOf(book).every(({ wanted, confirmed }) => wanted === confirmed)
  return refs.map(({ kind, name }) => ({
    cells: [`${kind} ${name}`, settled ? 'confirmed' : 'shifting', '', said.join(', ')],
    under: [],
  }))
}

function analysisBranch({ app }: Entry, analysis: AnalysisState, now: number): Branch {
  return {
    cells: [`analysis of ${analysis.role}`, '', '', `revision ${analysis.revision}`],
    under: analysis.metrics.map((state) => {
      const metric = app?.analysis?.metrics.find(({ name }) => name === state.name)
      return {
        cells: [
          state.name,
          state.verdict,
          ageOf(state.samples.at(-1)?.at, now),
          verdictDetail(state, metric),
        ],
        under: [],
      }
    }),
  }
}
