/** One pass over one release: gather, decide, deliver. Policy lives in core; this only fetches and carries. */

import { decide } from '#core/decide.ts'
import type { Decision } from '#core/decision.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Observed } from '#core/observed.ts'
import { refuse } from '#core/refuse.ts'
import { letGo } from '#core/retire.ts'
import type { Door } from '#doors/door.ts'
import { lookAgainWhenBehindMs } from '#kube/own-writes.ts'
import { apply, type Delivery, nameOf } from './apply.ts'
import type { Ask } from './ask.ts'
import { spend, waitFor } from './budget.ts'
import { gather, type Sources } from './gather.ts'
import { measure } from './measure.ts'
import type { Outbox } from './outbox/outbox.ts'
import { askReadBack } from './read-back.ts'
import { readSafely } from './readings.ts'
import type { References } from './references.ts'
import { type KeyState, remember } from './state.ts'

export type Pass = {
  readonly key: string
  readonly door: Door
  readonly object: KubeObject
  readonly state: KeyState
}

export type Shell = Sources & {
  readonly delivery: Delivery
  readonly ask: Ask
  readonly now: () => number
  readonly again: (key: string) => void
  /** What releases name and take something from. */
  readonly named: References
  /** Told when a release writes so often that its next pass has to wait. */
  readonly slowed: (key: string, waitMs: number) => void
  /** Told of every decision: the decision log, metrics. */
  readonly decided: (key: string, observed: Observed, now: number, decision: Decision) => void
  readonly outbox: Outbox
  /** Told of transitions once the notebook that records them is stored; others are told by the outbox. */
  readonly recorded: (object: KubeObject, decision: Decision) => void
}

/** Returns when to look again, if nothing happens before. */
export async function reconcile(
  shell: Shell,
  { key, door, object, state }: Pass,
): Promise<number | undefined> {
  // Nothing is decided on a snapshot older than our own last writes; the echo wakes the release.
  if (state.own.behind()) return shell.now() + lookAgainWhenBehindMs
  const { monotonic } = shell.delivery.cluster.ports.clock
  const waitMs = waitFor(state.spent, monotonic())
  if (waitMs > 0) return shell.now() + waitMs
  const related = door.related?.(object) ?? []
  if (shell.named.behind(related)) return undefined
  const read = readSafely(door, object, shell.named.get)
  // Routes of a kind that is being listed for the first time look as if they were not there.
  if (read.kind === 'app' && shell.caches.routes.behind(read.app)) return undefined
  const notebook = door.notebook(object, shell.named.get)
  const now = shell.now()
  if (read.kind === 'problems') {
    const refused = refuse(read.problems, notebook, object.metadata.generation ?? 0, now)
    const value = door.status(object, refused.notebook, undefined)
    // A deletion ends also where nobody knows any more what was asked for.
    const writes = letGo(object)
    const status = refused.write ? { object, value } : undefined
    await apply(shell.delivery, state, writes, status)
    return undefined
  }
  shell.outbox.tell({ key, door, object, app: read.app, book: notebook, state })
  const seen = gather(shell, key, read.app, notebook, state)
  const observed = shell.outbox.tells ? { ...seen, acknowledged: state.told.values() } : seen
  const decision = decide(observed, now)
  remember(state, decision.memo)
  if (state.answers.length > 0) state.answers = []
  if (state.replies.length > 0) state.replies = []
  shell.decided(key, observed, now, decision)
  const again = (): void => shell.again(key)
  if (forgetRefusals(state, object, decision)) again()
  measure(shell, state, decision, again)
  askReadBack(shell.delivery.cluster, state, decision, now, again)
  const status = { object, value: door.status(object, decision.notebook, read.app) }
  state.spent = spend(state.spent, decision.writes.length + Number(decision.write), monotonic())
  const slowedMs = waitFor(state.spent, monotonic())
  if (slowedMs > 0) shell.slowed(key, slowedMs)
  await apply(shell.delivery, state, decision.writes, decision.write ? status : undefined)
  if (decision.write) shell.recorded(object, decision)
  return decision.wakeAt
}

/** A refusal counts as long as the write is still wanted. Returns whether any was forgotten. */
function forgetRefusals(
  state: KeyState,
  { kind, metadata }: KubeObject,
  { writes, readBack, write }: Decision,
): boolean {
  const wanted = new Set(writes.map(nameOf))
  // A status that nobody wants to write any more was refused in vain: it must not hold the release for ever.
  if (write) wanted.add(`${kind} ${metadata.name}`)
  if (readBack !== undefined) wanted.add(`${readBack.object.kind} ${readBack.object.metadata.name}`)
  const stale = [...state.refusals.keys()].filter((object) => !wanted.has(object))
  for (const object of stale) state.refusals.delete(object)
  return stale.length > 0
}
