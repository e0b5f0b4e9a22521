/**
 * One look at one application: which of its records is next, and the next steps of it. What was done is read from the
 * cluster, how far it came from the record; so a crash anywhere goes on from there.
 *
 *   (nothing) ─► starting ─► pods ─► route ─► switch ─► DEPLOYED ─► undeploying ─► UNDEPLOYED
 *                    └─────────┴───────┴────────┴─► failing ─► FAILURE
 */
import { formatInstant, parseInstant } from '#core/time.ts'
import { isKube } from '#kube/errors.ts'
import { lookAgainWhenBehindMs } from '#kube/own-writes.ts'
import type { LookAgain } from '#kube/work-queue.ts'
import { type DeploymentRecord, deploymentKind } from '../kinds.ts'
import { found, type HeldDeployment } from '../records.ts'
import { begin } from './begin.ts'
import { failingStage } from './failing.ts'
import { podsStage } from './pods.ts'
import { routeStage } from './route-stage.ts'
import { forget } from './say.ts'
import { startingStage } from './starting.ts'
import { writeStatus } from './status.ts'
import { switchStage } from './switch-stage.ts'
import { tidy } from './tidy.ts'
import { beginUndeploy, deleteRecord, undeployStage } from './undeploy.ts'
import { type Case, Failed, NoLeader, type Step, toStage, type Work } from './work.ts'

/** @throws what is to be tried again. */
export async function reconcile(work: Work, key: string): Promise<LookAgain> {
  if (!work.isLeader()) return undefined
  if (work.own.behind(key)) return lookAgainWhenBehindMs
  const next = nextOf(work.apps.of(key))
  if (next === undefined) return tidy(work, key)
  const { name, namespace = 'default' } = next.metadata
  const record = await found(
    work.cluster.get<DeploymentRecord>(deploymentKind, { namespace, name }),
  )
  if (record === undefined) return undefined
  const given: Case = {
    work,
    key,
    record,
    version: record.status?.version ?? '',
    release: work.releases.get(key),
  }
  try {
    return await go(given)
  } catch (error) {
    if (error instanceof NoLeader) return undefined
    throw error
  }
}

/** What is under way goes on; else what was asked for first. One at a time, as people expect of one application. */
function nextOf(records: readonly HeldDeployment[]): HeldDeployment | undefined {
  const busy = records.find(({ recorded }) => recorded?.stage !== undefined)
  if (busy !== undefined) return busy
  const asked = records.flatMap((held) => {
    const at = askedAt(held)
    return at === undefined ? [] : [{ held, at }]
  })
  return asked.toSorted((a, b) => a.at - b.at)[0]?.held
}

function askedAt(held: HeldDeployment): number | undefined {
  const { recorded, created, undeploy, isImported } = held
  if (isImported && recorded === undefined) return undefined
  const status = recorded?.status ?? 'DEPLOYING'
  if (status === 'DEPLOYING') return created
  if (undeploy === undefined) return undefined
  if (status === 'DEPLOYED' || undeploy.deleteRecord) return parseInstant(undeploy.at) ?? 0
  return undefined
}

const mostSteps = 10

async function go(first: Case): Promise<LookAgain> {
  let given = first
  for (let steps = 0; steps < mostSteps; steps += 1) {
    if (isToBeDeleted(given)) {
      await deleteRecord(given)
      return undefined
    }
    const step = await stepOrFailure(given)
    if (step.kind === 'wait') return step.ms
    const record = await write(given, step)
    given = { ...given, record, version: record.status?.version ?? '' }
    if (step.kind === 'end') {
      forget(given.work, record.metadata.name)
      // What is next of this application is looked at in a pass of its own.
      return 0
    }
    // The engine, and the caches, have to be seen anew.
    if (given.work.own.behind(given.key)) return lookAgainWhenBehindMs
  }
  return 0
}

function isToBeDeleted({ record }: Case): boolean {
  const { status, stage } = record.status ?? {}
  const isOver = status === 'UNDEPLOYED' || status === 'FAILURE'
  return isOver && stage === undefined && record.spec.undeploy?.deleteRecord === true
}

function write(given: Case, step: Exclude<Step, { kind: 'wait' }>): Promise<DeploymentRecord> {
  const since = formatInstant(given.work.clock.now())
  return step.kind === 'stage'
    ? writeStatus(given, { since, ...step.more, stage: step.stage })
    : writeStatus(given, {
        status: step.status,
        stage: undefined,
        since: undefined,
        failure: undefined,
      })
}

/** What makes no sense, or is refused for good reason, fails the deployment; what goes by is tried again. */
async function stepOrFailure(given: Case): Promise<Step> {
  try {
    return await stepOf(given)
  } catch (error) {
    const { stage } = given.record.status ?? {}
    const failure = failureIn(error)
    if (failure === undefined || stage === 'failing' || stage === 'undeploying') throw error
    return toStage('failing', { failure: failure.slice(0, 4096) })
  }
}

function failureIn(error: unknown): string | undefined {
  if (error instanceof Failed) return error.message
  if (isKube(error, 'Invalid', 'BadRequest', 'Forbidden', 'RequestEntityTooLarge'))
    return error.message
  return undefined
}

function stepOf(given: Case): Promise<Step> {
  const { stage, status } = given.record.status ?? {}
  switch (stage) {
    case undefined:
      return status === 'DEPLOYED' ? beginUndeploy(given) : begin(given)
    case 'starting':
      return startingStage(given)
    case 'pods':
      return podsStage(given)
    case 'route':
      return routeStage(given)
    case 'switch':
      return switchStage(given)
    case 'failing':
      return failingStage(given)
    case 'undeploying':
      return undeployStage(given)
  }
}
