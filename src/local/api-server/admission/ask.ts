/** One webhook, asked about one request: what it answers, or the refusal its failure means. */
import type { Call } from '../machine.ts'
import { ApiError, badRequest, internal } from '../status.ts'
import { post, WebhookFailure } from '../webhook/post.ts'
import { commonVersion } from '../webhook/review-versions.ts'
import type { Invocation } from './match.ts'
import {
  type Asked,
  BadAnswer,
  denialOf,
  type Patch,
  reviewOf,
  type Verdict,
  verdictOf,
} from './review.ts'
import type { Pair, Subject } from './subject.ts'

/**
 * The patch a webhook wants, or undefined when it has none or its failure is ignored. Rejects with the refusal when the
 * webhook denies the request, or fails where failure counts.
 */
export async function ask(
  call: Call,
  subject: Subject,
  invocation: Invocation,
  pair: Pair,
  mutating: boolean,
): Promise<Patch | undefined> {
  const { hook } = invocation
  if (subject.dryRun && hook.sideEffects !== 'None' && hook.sideEffects !== 'NoneOnDryRun') {
    throw badRequest(`admission webhook ${JSON.stringify(hook.name)} does not support dry run`)
  }
  let verdict: Verdict
  try {
    verdict = await verdictFrom(call, subject, invocation, pair, mutating)
  } catch (error) {
    const failure = failureOf(hook.name, error)
    if (hook.ignoresFailure) return undefined
    throw failure
  }
  call.warnings.push(...verdict.warnings)
  if (!verdict.allowed) throw denialOf(hook.name, verdict.result)
  return verdict.patch
}

async function verdictFrom(
  call: Call,
  subject: Subject,
  invocation: Invocation,
  pair: Pair,
  mutating: boolean,
): Promise<Verdict> {
  const { ports, callWebhook } = call.machine
  const { hook } = invocation
  const version = commonVersion(hook.reviewVersions)
  if (version === undefined) {
    throw new HookFault(
      'could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)',
    )
  }
  const asked: Asked = { uid: ports.newId(), version, mutating }
  const review = reviewOf(asked.uid, version, subject, invocation, pair)
  const answer = await post(ports, callWebhook, {
    kind: 'AdmissionReview',
    client: hook.client,
    body: JSON.stringify(review),
    limitSeconds: hook.timeoutSeconds,
    signal: call.context.signal,
  })
  return verdictOf(answer, asked)
}

/** A webhook that cannot be worked with; the message says it all. */
export class HookFault extends Error {}

/** The webhook failed; that is an error of the server, who cannot do its work without. */
export function failureOf(name: string, error: unknown): ApiError {
  return internal(`failed calling webhook ${JSON.stringify(name)}: ${reasonOf(error)}`)
}

function reasonOf(error: unknown): string {
  if (error instanceof WebhookFailure) return `failed to call webhook: ${error.message}`
  if (error instanceof BadAnswer) return `received invalid webhook response: ${error.message}`
  if (error instanceof HookFault) return error.message
  throw error
}
