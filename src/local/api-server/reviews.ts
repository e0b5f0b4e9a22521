/** Questions that are asked by creating an object: who am I, and may I. Nothing of them is kept. */
import { at, type Obj, type Value } from '#core/schema/json.ts'
import type { HttpResponse } from '#kube/http.ts'
import { json } from './answer.ts'
import { decodeBody } from './decode.ts'
import type { Call, User } from './machine.ts'

export function review(call: Call): HttpResponse {
  const object = decodeBody(call)
  object.status = statusOf(call, object)
  return json(201, object)
}

function statusOf({ resource, context }: Call, object: Obj): Value {
  switch (resource.kind) {
    case 'SelfSubjectReview':
      return { userInfo: userInfo(context.user) }
    case 'TokenReview':
      return {
        user: {},
        ...(at(object, 'spec', 'token') === undefined ? {} : { error: 'unknown token' }),
      }
    case 'SelfSubjectRulesReview':
      return {
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
        nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
        incomplete: false,
      }
    default:
      return { allowed: true }
  }
}

function userInfo({ name, uid, groups, extra }: User): Obj {
  return {
    username: name,
    ...(uid === undefined ? {} : { uid }),
    groups: [...groups],
    ...(extra === undefined
      ? {}
      : { extra: Object.fromEntries(Object.entries(extra).map(([k, v]) => [k, [...v]])) }),
  }
}
