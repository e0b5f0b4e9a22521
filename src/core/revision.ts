/**
 * Which revision a template is. A revision gets its name once, when its workload is created, and keeps it as a label; it
 * is recognised afterwards by what its author wrote and, where the writing changed, by what a server makes of it. So an
 * upgrade that adds a default, or changes how we hash, starts no release.
 */
import { shortHash } from './hash.ts'
import { contained, nearlyContained, withoutDropped } from './k8s/compare.ts'
import type { PodTemplate } from './k8s/workloads.ts'
import type { Observed, WorkloadSeen } from './observed.ts'
import { labels } from './render/names.ts'

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

/** The hash of a template as its author wrote it. */
export function writtenHash(template: PodTemplate): string {
  return shortHash(template)
}

export function targetOf({ app, workloads, readBack }: Observed): Target {
  const { written } = app
  const living = workloads.filter((workload) => !workload.deleting)
  const same = newest(living.filter((workload) => workload.written === written))
  if (same !== undefined)
    return { kind: 'known', revision: same.revision, workload: same, respelt: false }

  const alike = living.filter((workload) =>
    nearlyContained(app.template, withoutOurLabels(workload.template)),
  )
  if (alike.length === 0) return { kind: 'new', revision: freeName(written, workloads) }
  if (readBack?.written !== written) return { kind: 'ask', written }

  // Nothing that its author means may be missing in the old one: otherwise a field was added. Nothing of the old one may
  // be missing in what the server makes of the new one: otherwise a field was removed.
  const served = withoutOurLabels(readBack.template)
  const meant = withoutDropped(app.template, served)
  const kept = newest(
    alike.filter(({ template }) => {
      const known = withoutOurLabels(template)
      return contained(meant, known) && contained(known, served)
    }),
  )
  if (kept !== undefined)
    return { kind: 'known', revision: kept.revision, workload: kept, respelt: true }
  return { kind: 'new', revision: freeName(written, workloads) }
}

function newest(workloads: readonly WorkloadSeen[]): WorkloadSeen | undefined {
  return workloads.toSorted((one, other) => other.createdAt - one.createdAt)[0]
}

function freeName(written: string, workloads: readonly WorkloadSeen[]): string {
  // A workload of this very template that is being deleted gives its name back; another name would be another revision.
  const others = workloads.filter((workload) => workload.written !== written)
  const taken = new Set(others.map((workload) => workload.revision))
  let name = written
  for (let number = 2; taken.has(name); number += 1) name = `${written}-${number}`
  return name
}

function withoutOurLabels(template: PodTemplate): PodTemplate {
  const {
    [labels.revision]: _revision,
    [labels.release]: _release,
    ...rest
  } = template.metadata?.labels ?? {}
  return { ...template, metadata: { ...template.metadata, labels: rest } }
}
