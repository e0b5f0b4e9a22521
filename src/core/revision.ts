/**
 * Which revision a template is. A revision gets its name once, when its workload is created, and keeps it as a label; it
 * is recognised afterwards by what its author wrote and, where the writing changed, by what a server makes of it. So an
 * upgrade that adds a default, or changes how we hash, starts no release.
 */
import { shortHash } from './hash.ts'
import { contained, nearlyContained, withoutDropped } from './k8s/compare.ts'
import type { PodTemplate } from './k8s/workloads.ts'
import type { App, Template } from './model/app.ts'
import type { Observed, WorkloadSeen } from './observed.ts'
import { labels, tellingKeys } from './render/names.ts'

export type Target =
  /** Recognised: `workload` exists. `respelt` when its author writes it differently now. */
  | {
      readonly kind: 'known'
      readonly revision: string
      readonly workload: WorkloadSeen
      readonly respelt: boolean
    }
  /** Seen for the first time: `revision` is the name it will get. */
  | { readonly kind: 'new'; readonly revision: string }
  /** May be one we know in other words; only a server can tell. */
  | { readonly kind: 'ask'; readonly written: string }

/** The hash of a template as its author wrote it; with the name of its revision, where its author gives one. */
export function writtenHash(template: PodTemplate, revision?: string): string {
  return shortHash(revision === undefined ? template : [template, revision])
}

type Laid = { readonly app: Pick<App, 'workloads'> }

/** Which revision a template is, given what runs and what a server said of it. */
export function targetOf(
  { app, workloads, readBacks }: Pick<Observed, 'workloads' | 'readBacks'> & Laid,
  { template, written, revision }: Template,
): Target {
  const bare = (given: PodTemplate): PodTemplate => bareTemplate(app, given)
  const living = workloads.filter((workload) => !workload.deleting)
  const same = newest(living.filter((workload) => workload.written === written))
  if (same !== undefined)
    return { kind: 'known', revision: same.revision, workload: same, respelt: false }

  // What its author names is itself: another name is another revision, also of the very same template.
  const named = workloads.filter((one) => revision === undefined || one.revision === revision)
  const alike = runningIt({ app, workloads: named }, template)
  if (alike.length === 0)
    return { kind: 'new', revision: freeName(revision ?? written, written, workloads) }
  const readBack = readBacks.find((one) => one.written === written)
  if (readBack === undefined) return { kind: 'ask', written }

  // Nothing that its author means may be missing in the old one: otherwise a field was added. Nothing of the old one may
  // be missing in what the server makes of the new one: otherwise a field was removed.
  const served = bare(readBack.template)
  const meant = withoutDropped(template, served)
  const kept = newest(
    alike.filter((workload) => {
      const known = bare(workload.template)
      return contained(meant, known) && contained(known, served)
    }),
  )
  if (kept !== undefined)
    return { kind: 'known', revision: kept.revision, workload: kept, respelt: true }
  return { kind: 'new', revision: freeName(revision ?? written, written, workloads) }
}

/** The newest workload that may run a template as we render it, in other words than its author wrote. */
export function alikeOf(seen: Seen, template: PodTemplate): WorkloadSeen | undefined {
  return newest(runningIt(seen, bareTemplate(seen.app, template)))
}

type Seen = Pick<Observed, 'workloads'> & Laid

/** Those that are there to stay and have all that a template asks for. */
function runningIt({ app, workloads }: Seen, template: PodTemplate): readonly WorkloadSeen[] {
  return workloads.filter(
    (one) => !one.deleting && nearlyContained(template, bareTemplate(app, one.template)),
  )
}

function newest(workloads: readonly WorkloadSeen[]): WorkloadSeen | undefined {
  return workloads.toSorted((one, other) => other.createdAt - one.createdAt)[0]
}

function freeName(wished: string, written: string, workloads: readonly WorkloadSeen[]): string {
  // A workload of this very template that is being deleted gives its name back; another name would be another revision.
  const others = workloads.filter((workload) => workload.written !== written)
  const taken = new Set(others.map((workload) => workload.revision))
  let name = wished
  for (let number = 2; taken.has(name); number += 1) name = `${wished}-${number}`
  return name
}

/** A template without the labels that we put on it. */
export function bareTemplate(app: Laid['app'], template: PodTemplate): PodTemplate {
  const more = Object.keys(app.workloads.labels ?? {})
  const ours = new Set([labels.revision, labels.release, labels.seat, ...more, ...tellingKeys(app)])
  const own = Object.entries(template.metadata?.labels ?? {}).filter(([key]) => !ours.has(key))
  return { ...template, metadata: { ...template.metadata, labels: Object.fromEntries(own) } }
}
