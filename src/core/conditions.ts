/** The notebook as Kubernetes' conditions, in the manner of kstatus: Ready, and Reconciling or Stalled while they hold. */
import type { Condition } from './k8s/meta.ts'
import type { Notebook } from './model/notebook.ts'
import type { ReasonType } from './reasons.ts'
import { formatInstant, type Instant } from './time.ts'

/** Nothing will get better here unless somebody changes something. */
const stalling: ReadonlySet<ReasonType> = new Set<ReasonType>([
  'SpecInvalid',
  'RivalRelease',
  'ServiceTaken',
  'ServiceTooWide',
  'WorkloadRefused',
  'WriteRefused',
  'RouteUnusable',
])

export function conditionsOf(
  book: Notebook,
  stored: Notebook | undefined,
  overdue: boolean,
  now: Instant,
  more: readonly Condition[] = [],
): readonly Condition[] {
  const stalled = overdue || book.phase === 'Failed' || stalling.has(book.reason.type)
  const ready = book.phase === 'Completed' && book.reason.type === 'Serving'
  const working = !ready && !stalled
  const found = [
    make(book, 'Ready', ready ? 'True' : 'False'),
    ...(working ? [make(book, 'Reconciling', 'True')] : []),
    ...(stalled ? [make(book, 'Stalled', 'True')] : []),
    ...more,
  ]
  return found.map((condition) => {
    const before = stored?.conditions.find(({ type }) => type === condition.type)
    const same = before?.status === condition.status
    return { ...condition, lastTransitionTime: same ? before.lastTransitionTime : seconds(now) }
  })
}

// metav1.Time has no fraction of a second.
function seconds(now: Instant): string {
  return formatInstant(now).replace(/\.\d+Z$/, 'Z')
}

function make(book: Notebook, type: string, status: Condition['status']): Condition {
  return {
    type,
    status,
    observedGeneration: book.observedGeneration,
    lastTransitionTime: '',
    reason: book.reason.type,
    message: book.reason.message,
  }
}
