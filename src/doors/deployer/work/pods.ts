/** Pods of this door: as many as are wanted, running, ready, and healthy by their own word (A47–A52, AD04, AD05, AD16). */
import type { Condition, KubeObject, ObjectMeta } from '#core/k8s/meta.ts'
import { labels as engine } from '#core/render/names.ts'
import { parseInstant } from '#core/time.ts'
import type { Descriptor } from '../descriptor.ts'
import { type Answer, askPods } from '../health.ts'
import { say, sayNow } from './say.ts'
import { writeStatus } from './status.ts'
import { type Case, Failed, type Step, toStage, type Work, wait } from './work.ts'

export type PodHeld = {
  readonly metadata: Pick<
    ObjectMeta,
    'name' | 'namespace' | 'uid' | 'resourceVersion' | 'deletionTimestamp'
  >
  readonly app: string
  readonly revision: string
  readonly ip: string | undefined
  readonly isRunning: boolean
  readonly isReady: boolean
  /** What a container waits for, if any does. */
  readonly trouble: string | undefined
}

type Pod = KubeObject & {
  readonly status?: {
    readonly phase?: string
    readonly podIP?: string
    readonly conditions?: readonly Condition[]
    readonly containerStatuses?: readonly {
      readonly name: string
      readonly state?: {
        readonly waiting?: { readonly reason?: string; readonly message?: string }
      }
    }[]
  }
}

export function heldPod(object: KubeObject): PodHeld {
  const { metadata, status = {} } = object as Pod
  const { name, namespace = '', uid = '', resourceVersion = '', deletionTimestamp } = metadata
  const waiting = status.containerStatuses?.find((one) => one.state?.waiting !== undefined)
  const { reason = '', message = '' } = waiting?.state?.waiting ?? {}
  return {
    metadata: {
      name,
      namespace,
      uid,
      resourceVersion,
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
    app: metadata.labels?.['app'] ?? '',
    revision: metadata.labels?.[engine.revision] ?? '',
    ip: status.podIP,
    isRunning: status.phase === 'Running',
    isReady:
      status.conditions?.some(({ type, status: word }) => type === 'Ready' && word === 'True') ===
      true,
    trouble:
      waiting === undefined || reason === 'ContainerCreating' || reason === ''
        ? undefined
        : `container ${waiting.name} waits: ${reason}${message === '' ? '' : `, ${message}`}`,
  }
}

export function podsOf(
  { pods }: Pick<Work, 'pods'>,
  { appName, namespace }: Descriptor,
  version?: string,
): readonly PodHeld[] {
  return [...pods.values()].filter(
    (pod) =>
      pod.app === appName &&
      pod.metadata.namespace === namespace &&
      (version === undefined || pod.revision === version),
  )
}

/** A51. */
const pollMs = 1000

/** The new version's pods, until all are well or the time is over. */
export async function podsStage(given: Case): Promise<Step> {
  const { work, record, version } = given
  const { descriptor } = record.spec
  const isAsked = descriptor.useHealthCheck === true && descriptor.ignoreHealthCheck !== true
  refusedBy(given)
  const pods = podsOf(work, descriptor, version).filter(
    ({ metadata }) => metadata.deletionTimestamp === undefined,
  )
  const running = pods.filter(({ isRunning }) => isRunning)
  const answers = isAsked ? await askPods(work.reach, descriptor, running) : []
  await keepAnswers(given, answers)
  const ready = running.filter(({ isReady }) => isReady).length
  const healthy = answers.filter(({ isHealthy }) => isHealthy).length
  const wanted = descriptor.replicas
  const areWell = ready === wanted && pods.length === wanted && (!isAsked || healthy === wanted)
  if (areWell) {
    await say(given, `${wanted} of ${wanted} pods are ${isAsked ? 'healthy' : 'ready'}`)
    return toStage('route')
  }
  const counted = isAsked
    ? `${healthy} of ${wanted} pods are healthy`
    : `${ready} of ${wanted} pods are ready`
  const why = answers.find(({ isHealthy }) => !isHealthy)?.why ?? troubleOf(pods)
  const message = why === undefined ? counted : `${counted}; ${why}`
  await sayNow(given, message)
  const left =
    (parseInstant(record.status?.since) ?? 0) + work.settings.timeoutMs - work.clock.now()
  if (left <= 0)
    throw new Failed(`${message}; the limit of ${work.settings.timeoutMs / 1000} s is over`)
  return wait(isAsked ? Math.min(pollMs, left) : left)
}

function troubleOf(pods: readonly PodHeld[]): string | undefined {
  const ill = pods.find(({ trouble }) => trouble !== undefined)
  return ill === undefined ? undefined : `pod ${ill.metadata.name}: ${ill.trouble}`
}

const hopeless: readonly string[] = [
  'WorkloadRefused',
  'SpecInvalid',
  'ServiceTaken',
  'ServiceTooWide',
  'RivalRelease',
]

/** What the engine cannot do for reasons that do not go away by waiting. */
export function refusedBy({ release }: Case): void {
  const { observedGeneration = 0, reason } = release?.status ?? {}
  const isCurrent = observedGeneration >= (release?.metadata.generation ?? 0)
  if (isCurrent && reason !== undefined && hopeless.includes(reason.type))
    throw new Failed(reason.message)
}

/** A32: what was answered last, as it was answered. */
async function keepAnswers(given: Case, answers: readonly Answer[]): Promise<void> {
  if (answers.length === 0) return
  const health = answers.map(({ podName, value }) => ({ podName, value }))
  if (JSON.stringify(health) === JSON.stringify(given.record.status?.health)) return
  await writeStatus(given, { health })
}
