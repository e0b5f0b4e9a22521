/** Questions that are asked by creating an object: who am I, whose is this token, and who may what. Nothing is kept. */
import type { Obj } from '#core/schema/json.ts'
import type { HttpResponse } from '#kube/http.ts'
import { json } from './answer.ts'
import { reviewSelf, reviewTokenObject } from './auth/reviews.ts'
import { decodeBody } from './decode.ts'
import type { Call } from './machine.ts'
import { reviewAccess, reviewRules } from './rbac/reviews.ts'
import type { Stored } from './resource.ts'
import { methodNotAllowed } from './status.ts'

/** Each answers with the object that was created, its status filled in. */
const answers: Readonly<Record<string, (call: Call, object: Stored) => Obj>> = {
  SelfSubjectReview: reviewSelf,
  TokenReview: reviewTokenObject,
  SelfSubjectRulesReview: reviewRules,
  SelfSubjectAccessReview: reviewAccess,
  SubjectAccessReview: reviewAccess,
  LocalSubjectAccessReview: reviewAccess,
}

export function review(call: Call): HttpResponse {
  const answer = answers[call.resource.kind]
  if (answer === undefined) throw methodNotAllowed()
  return json(201, answer(call, decodeBody(call)))
}
