/** The health gate: each pod of the revision is asked, directly or through the API server's proxy, as the shell can. */
import type { GateAsk } from '../decision.ts'
import { askLimits, type PodAsk } from '../http-ask.ts'
import type { PodTemplate } from '../k8s/workloads.ts'
import type { GateReply, HealthGate } from '../model/gate.ts'
import type { PodSeen } from '../observed.ts'
import {
  type Answered,
  dueAt,
  type Gate,
  type GateOutcome,
  type GateView,
  outOfTime,
  replyOf,
  sooner,
  type Understood,
} from './gate.ts'

export const healthGate: Gate<HealthGate> = { asks, read, outcome }

function asks(spec: HealthGate, view: GateView): readonly GateAsk[] {
  return view.pods.flatMap((pod) => {
    const reply = replyOf(view, spec.name, pod.name)
    const due = nextAt(spec, view, reply)
    return due > view.now ? [] : [askOf(spec, view, pod, { due, reply })]
  })
}

// Who does not take GET is asked with POST at once, not an interval later.
function nextAt(spec: HealthGate, view: GateView, reply: GateReply | undefined): number {
  if (reply !== undefined && methodFor(spec, reply) !== reply.method) return reply.at
  return dueAt(view, reply, spec.intervalMs)
}

function askOf(
  spec: HealthGate,
  view: GateView,
  { name, ip }: PodSeen,
  { due, reply }: { readonly due: number; readonly reply: GateReply | undefined },
): GateAsk {
  const { namespace } = view.subject
  const method = methodFor(spec, reply)
  const path = `/${spec.path.replace(/^\/+/, '')}`
  const ask: PodAsk = {
    kind: 'pod',
    method,
    pod: { namespace, name, ip, port: spec.port, path },
    headers: { accept: 'application/json' },
    body: undefined,
    ...askLimits,
  }
  const id = `${view.scope}/${spec.name}/${name}/${method}/${due}`
  return { id, gate: spec.name, target: name, scope: view.scope, method, at: view.now, ask }
}

function methodFor({ method }: HealthGate, reply: GateReply | undefined): 'GET' | 'POST' {
  if (method !== 'get-or-post') return method === 'post' ? 'POST' : 'GET'
  return reply?.method === 'POST' || reply?.message === wantsPost ? 'POST' : 'GET'
}

const wantsPost = 'does not take GET'

function read(spec: HealthGate, { answer, method }: Answered): Understood {
  if (answer.kind === 'failed') return { verdict: 'error', message: answer.message }
  const { status, body } = answer
  const refused = status === 404 || status === 405
  if (refused && method === 'GET' && spec.method === 'get-or-post')
    return { verdict: 'failing', message: wantsPost }
  if (status < 200 || status > 299) return { verdict: 'failing', message: `answered ${status}` }
  if (spec.type === 'simple') return { verdict: 'passing', message: `answered ${status}` }
  const healthy = healthyIn(body)
  if (healthy === undefined)
    return { verdict: 'failing', message: 'answered without a boolean "healthy" in JSON' }
  return healthy
    ? { verdict: 'passing', message: 'is healthy' }
    : { verdict: 'failing', message: 'says that it is not healthy' }
}

function healthyIn(body: string): boolean | undefined {
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed !== 'object' || parsed === null || !('healthy' in parsed)) return undefined
    return typeof parsed.healthy === 'boolean' ? parsed.healthy : undefined
  } catch {
    return undefined
  }
}

function outcome(spec: HealthGate, view: GateView): GateOutcome {
  const replies = view.pods.map((pod) => ({ pod, reply: replyOf(view, spec.name, pod.name) }))
  const well = replies.filter(({ reply }) => reply?.verdict === 'passing')
  const wanted = spec.replicas ?? view.replicas
  // As many as are wanted, and not one of the others ill: a pod on its way out must not stand in for one.
  if (view.pods.length >= wanted && well.length === view.pods.length) {
    return { verdict: 'passing', message: `${well.length} pods are healthy`, until: undefined }
  }
  const late = outOfTime(spec, view)
  const ill = replies.find(({ reply }) => reply !== undefined && reply.verdict !== 'passing')
  const why =
    ill === undefined ? '' : `; pod ${ill.pod.name} ${ill.reply?.message ?? 'has not answered'}`
  if (late !== undefined) return { ...late, message: `${late.message}${why}` }
  const message = `gate ${spec.name}: ${well.length} of ${wanted} pods are healthy${why}`
  const end = spec.limitMs === undefined ? undefined : view.since + spec.limitMs
  const dues = replies.map(({ reply }) => nextAt(spec, view, reply))
  const until = sooner(end, ...dues.filter((due) => due > view.now))
  const broken = ill?.reply?.verdict === 'error'
  return { verdict: broken ? 'error' : 'needMoreData', message, until }
}

/**
 * The port to ask where none is given: the only one of the first container; of several the one named `healthcheck`, else
 * the first; 9999 where there is none (A47).
 */
export function healthPort(template: PodTemplate, given: number | undefined): number {
  if (given !== undefined) return given
  const ports = template.spec.containers[0]?.ports ?? []
  const named = ports.length > 1 ? ports.find(({ name }) => name === 'healthcheck') : undefined
  return (named ?? ports[0])?.containerPort ?? 9999
}
