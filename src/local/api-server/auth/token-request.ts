/** TokenRequest: a ServiceAccount's token, for an audience and a time, bound to an object if so wished. */
import { asArray, asNumber, asObject, asString, at, child, type Obj } from '#core/schema/json.ts'
import { problem } from '#core/schema/problem.ts'
import type { HttpResponse } from '#kube/http.ts'
import { json } from '../answer.ts'
import { builtinSchemas } from '../builtin/schemas.ts'
import { seconds } from '../builtin/times.ts'
import { decodeBody } from '../decode.ts'
import { trackUpdate } from '../fields/track.ts'
import { type Call, keyOf } from '../machine.ts'
import { settleNamespace } from '../metadata.ts'
import { objectOf } from '../output.ts'
import { entryOf } from '../read.ts'
import type { Resource, Stored } from '../resource.ts'
import { badRequest, conflict, invalid, methodNotAllowed, notFound } from '../status.ts'
import { type AccountFacts, claimsOf, type Ref } from './account-token.ts'
import { issuer } from './jwt.ts'

const schemaName = 'io.k8s.api.authentication.v1.TokenRequest'
const named = { group: 'authentication.k8s.io', plural: 'TokenRequest', kind: 'TokenRequest' }

const requestResource = (accounts: Resource): Resource => ({
  ...accounts,
  group: named.group,
  version: 'v1',
  kind: named.kind,
  plural: 'tokenrequests',
  storage: 'authentication.k8s.io/tokenrequests',
  schema: builtinSchemas().get(schemaName),
  schemaName,
})

/** POST to `serviceaccounts/NAME/token`. */
export function requestToken(call: Call): HttpResponse {
  if (call.method !== 'POST') throw methodNotAllowed()
  const inner: Call = { ...call, resource: requestResource(call.resource) }
  const request = decodeBody(inner)
  settleNamespace(call.resource, request, call.namespace)
  checkName(call, request)
  const account = objectOf(call.resource, entryOf(call))
  settle(call, request, account)
  void trackUpdate(inner, request, undefined)
  request.metadata.creationTimestamp = seconds(call.machine.ports.clock.now())
  fillAudiences(request)
  checkTime(request)
  const { token, expires } = issue(call, request, account)
  request.status = { token, expirationTimestamp: seconds(expires) }
  return json(201, request)
}

function checkName({ name }: Call, { metadata }: Stored): void {
  const given = asString(metadata.name) ?? ''
  if (given === '' || given === name) return
  const why = 'must match the service account name if specified'
  throw invalid(named, name, [problem.invalid('metadata.name', given, why)])
}

function settle(call: Call, request: Stored, account: Stored): void {
  const { metadata } = request
  const uid = asString(account.metadata.uid) ?? ''
  const given = asString(metadata.uid) ?? ''
  if (given !== '' && given !== uid) {
    const why = `the UID in the token request (${given}) does not match the UID of the service account (${uid})`
    throw conflict(named, call.name, why)
  }
  Object.assign(metadata, { name: call.name, uid })
  const spec = child(request, 'spec')
  spec.expirationSeconds ??= 3600
}

function fillAudiences(request: Stored): void {
  const spec = child(request, 'spec')
  if (asArray(spec.audiences).length === 0) spec.audiences = [issuer]
}

function checkTime(request: Stored): void {
  const field = 'spec.expirationSeconds'
  const asked = asNumber(at(request, 'spec', 'expirationSeconds')) ?? 0
  const short = 'may not specify a duration less than 10 minutes'
  const long = 'may not specify a duration larger than 2^32 seconds'
  if (asked < 600) throw invalid(named, '', [problem.invalid(field, asked, short)])
  if (asked > 2 ** 32) throw invalid(named, '', [problem.invalid(field, asked, long)])
}

/** Pods ask for this time, and get tokens that live on for a year, with a warning after it. */
const podSeconds = 3607
const yearSeconds = 365 * 24 * 3600

function issue({ machine, ...call }: Call, request: Stored, account: Stored) {
  const { clock, newId } = machine.ports
  const facts = factsOf({ machine, ...call }, request, account)
  const audiences = asArray(at(request, 'spec', 'audiences')).map(String)
  const asked = asNumber(at(request, 'spec', 'expirationSeconds')) ?? 3600
  const ours = audiences.every((one) => one === issuer)
  const lasts = facts.pod !== undefined && asked === podSeconds && ours
  const now = Math.floor(clock.now() / 1000)
  const token = machine.auth.signer.sign(
    claimsOf(facts, {
      issuer,
      audiences,
      now,
      expiresIn: lasts ? yearSeconds : asked,
      warnIn: lasts ? asked : undefined,
      id: newId(),
    }),
  )
  return { token, expires: (now + asked) * 1000 }
}

function factsOf(call: Call, request: Stored, account: Stored): AccountFacts {
  const none = { pod: undefined, secret: undefined, node: undefined }
  const facts = { ...none, namespace: call.namespace, account: refOf(account) }
  const bound = asObject(at(request, 'spec', 'boundObjectRef'))
  if (bound === undefined) return facts
  const [kind, apiVersion] = [asString(bound.kind) ?? '', asString(bound.apiVersion) ?? '']
  const grouped = apiVersion.includes('/')
  switch (grouped ? '' : kind) {
    case 'Pod': {
      const pod = boundObject(call, bound, 'pods')
      const runsAs = at(pod, 'spec', 'serviceAccountName')
      if (runsAs !== call.name) {
        throw badRequest(
          `cannot bind token for serviceaccount ${JSON.stringify(call.name)} to pod running with different serviceaccount name.`,
        )
      }
      return { ...facts, pod: checkedRef(bound, pod, 'pods'), node: nodeOf(call, pod) }
    }
    case 'Node':
      return { ...facts, node: checkedRef(bound, boundObject(call, bound, 'nodes'), 'nodes') }
    case 'Secret':
      return { ...facts, secret: checkedRef(bound, boundObject(call, bound, 'secrets'), 'secrets') }
    default: {
      const version = grouped ? apiVersion : `/${apiVersion}`
      throw badRequest(`cannot bind token to object of type ${version}, Kind=${kind}`)
    }
  }
}

function refOf({ metadata }: Stored): Ref {
  return { name: String(metadata.name), uid: asString(metadata.uid) ?? '' }
}

function boundObject({ machine, namespace }: Call, bound: Obj, plural: string): Stored {
  const resource = machine.registry.find('v1', plural) as Resource
  const name = asString(bound.name) ?? ''
  const entry = machine.store.get(plural, keyOf(resource.namespaced ? namespace : '', name))
  if (entry === undefined) throw notFound(resource, name)
  return objectOf(resource, entry)
}

/** @throws a 409 when the object is another one of the same name. */
function checkedRef(bound: Obj, object: Stored, plural: string): Ref {
  const ref = refOf(object)
  const wanted = asString(bound.uid) ?? ''
  if (wanted === '' || wanted === ref.uid) return ref
  const kind = String(bound.kind)
  const why = `the UID in the bound object reference (${wanted}) does not match the UID in record. The object might have been deleted and then recreated`
  throw conflict({ group: '', plural: kind, kind: plural }, ref.name, why)
}

function nodeOf({ machine }: Call, pod: Stored): Ref | undefined {
  const name = asString(at(pod, 'spec', 'nodeName')) ?? ''
  if (name === '') return undefined
  const entry = machine.store.get('nodes', name)
  const metadata = entry === undefined ? {} : asObject((JSON.parse(entry.text) as Obj).metadata)
  return { name, uid: asString(metadata?.uid) ?? '' }
}
