/** Asking pods for their health, as the original did and as its document says (A47–A50, AD04, AD05). */
import { healthGate, healthPort } from '#core/gates/health.ts'
import type { HealthGate } from '#core/model/gate.ts'
import type { Reach } from '#kube/reach.ts'
import type { Descriptor } from './descriptor.ts'
import type { PodHealth } from './kinds.ts'

/** A pod that may be asked. */
export type Askable = {
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly ip: string | undefined
}

/** Each question on its own: one pod that hangs holds nobody else up for longer. */
const askTimeoutMs = 3000
const mostAnswered = 64 * 1024
const mostKept = 4 * 1024

export type Answer = PodHealth & { readonly isHealthy: boolean; readonly why: string }

/** All of them at once. Never rejects. */
export function askPods(
  reach: Reach,
  descriptor: Descriptor,
  pods: readonly Askable[],
): Promise<readonly Answer[]> {
  return Promise.all(pods.map((pod) => ask(reach, descriptor, pod)))
}

/** GET first; who does not take that is asked by POST, as the original did. */
async function ask(reach: Reach, descriptor: Descriptor, pod: Askable): Promise<Answer> {
  const gate = gateOf(descriptor)
  const first = await askBy(reach, gate, pod, 'GET')
  const verdict = healthGate.read(gate, { method: 'GET', answer: first })
  const wantsPost = first.kind === 'answer' && [404, 405].includes(first.status)
  const last = wantsPost ? await askBy(reach, gate, pod, 'POST') : first
  const { verdict: word, message } = wantsPost
    ? healthGate.read(gate, { method: 'POST', answer: last })
    : verdict
  return {
    podName: pod.metadata.name,
    value: (last.kind === 'answer' ? last.body : '').slice(0, mostKept),
    isHealthy: word === 'passing',
    why: `pod ${pod.metadata.name} ${message}`,
  }
}

type GateAnswer = Parameters<typeof healthGate.read>[1]['answer']

async function askBy(
  reach: Reach,
  { path, port }: HealthGate,
  { metadata, ip }: Askable,
  method: 'GET' | 'POST',
): Promise<GateAnswer> {
  const { name, namespace = 'default' } = metadata
  try {
    const { status, body } = await reach.pod(
      { namespace, name, ip, port, path },
      {
        method,
        headers: { accept: 'application/json' },
        timeoutMs: askTimeoutMs,
        maxBytes: mostAnswered,
      },
    )
    return { kind: 'answer', status, body }
  } catch (error) {
    return { kind: 'failed', message: `cannot be asked: ${(error as Error).message}` }
  }
}

function gateOf(descriptor: Descriptor): HealthGate {
  const { healthCheckPath = '', healthCheckPort = 0, healthCheckType, podspec } = descriptor
  const path = healthCheckPath === '' ? 'health' : healthCheckPath
  return {
    kind: 'health',
    name: 'health',
    type: healthCheckType === 'simple' ? 'simple' : 'probe',
    path: `/${path.replace(/^\/+/, '')}`,
    port: healthPort({ spec: podspec }, healthCheckPort === 0 ? undefined : healthCheckPort),
    method: 'get-or-post',
    replicas: undefined,
    intervalMs: 0,
    limitMs: undefined,
  }
}
