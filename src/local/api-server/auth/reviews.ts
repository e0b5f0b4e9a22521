/** SelfSubjectReview and TokenReview: who somebody is. */
import { asArray, asString, at, type Obj } from '#core/schema/json.ts'
import { userInfo } from '../admission/review.ts'
import { seconds } from '../builtin/times.ts'
import { trackUpdate } from '../fields/track.ts'
import type { Call } from '../machine.ts'
import type { Stored } from '../resource.ts'
import { badRequest } from '../status.ts'
import { reviewToken } from './authenticate.ts'

export function reviewSelf({ context, machine }: Call, object: Stored): Obj {
  object.metadata.creationTimestamp = seconds(machine.ports.clock.now())
  return { ...object, status: { userInfo: userInfo(context.user) } }
}

export function reviewTokenObject(call: Call, object: Stored): Obj {
  const token = asString(at(object, 'spec', 'token')) ?? ''
  if (token === '') throw badRequest('token is required for TokenReview in authentication')
  void trackUpdate(call, object, undefined)
  const wanted = asArray(at(object, 'spec', 'audiences')).map(String)
  const verdict = reviewToken(call.machine, token, wanted.length === 0 ? undefined : wanted)
  if (verdict.kind === 'bad') return { ...object, status: { user: {}, error: verdict.why } }
  const { user, audiences } = verdict
  const status = { authenticated: true, user: userInfo(user), audiences: [...audiences] }
  return { ...object, status }
}
