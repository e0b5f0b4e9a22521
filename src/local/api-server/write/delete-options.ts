/** How an object shall be deleted, from the body and the query of a DELETE. */

import { parse as parseYaml } from 'yaml'
import { asNumber, asObject, asString, isObject, type Obj } from '#core/schema/json.ts'
import { problem } from '#core/schema/problem.ts'
import { jsonFault, jsonType } from '../go-json.ts'
import type { Call } from '../machine.ts'
import { ApiError, badRequest, invalid } from '../status.ts'

type Propagation = 'Background' | 'Foreground' | 'Orphan'

export type DeleteOptions = {
  readonly graceSeconds: number | undefined
  readonly propagation: Propagation | undefined
  readonly uid: string | undefined
  readonly resourceVersion: string | undefined
  /** The old way of asking for background deletion, answered 202 while the object is still there. */
  readonly cascades: boolean
}

const policies = ['Background', 'Foreground', 'Orphan']
const optionsKind = { group: 'meta.k8s.io', kind: 'DeleteOptions', plural: 'deleteoptions' }

export type GivenDeleteOptions = {
  readonly options: DeleteOptions
  /** The same as an object of the API, for webhooks. */
  readonly given: Obj
}

/** Throws a 400 or 422 for options that make no sense. */
export function readDeleteOptions(call: Call): GivenDeleteOptions {
  const yaml = (call.headers['content-type'] ?? '').includes('yaml')
  const body = call.body.trim() === '' ? {} : parseOptions(call.body, yaml)
  const preconditions = asObject(body.preconditions) ?? {}
  const policy =
    asString(body.propagationPolicy) ?? call.query.get('propagationPolicy') ?? undefined
  const grace = asNumber(body.gracePeriodSeconds) ?? queryNumber(call, 'gracePeriodSeconds')
  const orphan = body.orphanDependents ?? call.query.get('orphanDependents')
  if (Array.isArray(body.dryRun) && body.dryRun.includes('All')) call.query.append('dryRun', 'All')
  if (policy !== undefined && !policies.includes(policy)) {
    const allowed = ['Foreground', 'Background', 'Orphan', 'nil']
    const message = problem.unsupported('propagationPolicy', policy, allowed)
    throw invalid(optionsKind, '', [message])
  }
  if (policy !== undefined && orphan !== undefined && orphan !== null) {
    const both = 'orphanDependents and deletionPropagation cannot be both set'
    throw invalid(optionsKind, '', [problem.invalid('propagationPolicy', policy, both)])
  }
  const old = orphan === true || orphan === 'true' ? 'Orphan' : undefined
  const options = {
    graceSeconds: grace !== undefined && grace < 0 ? 1 : grace,
    propagation: (policy as Propagation | undefined) ?? old,
    uid: asString(preconditions.uid),
    resourceVersion: asString(preconditions.resourceVersion),
    cascades: orphan === false || orphan === 'false',
  }
  return { options, given: shown(call, body, grace, policy) }
}

function shown(call: Call, body: Obj, grace: number | undefined, policy: string | undefined): Obj {
  return {
    ...body,
    kind: 'DeleteOptions',
    apiVersion: 'meta.k8s.io/v1',
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(policy === undefined ? {} : { propagationPolicy: policy }),
    ...(call.query.getAll('dryRun').includes('All') ? { dryRun: ['All'] } : {}),
  }
}

function parseOptions(text: string, yaml: boolean): Obj {
  const unread = (why: string): ApiError =>
    new ApiError(500, '', `couldn't get version/kind; json parse error: ${why}`)
  let parsed: unknown
  try {
    parsed = yaml ? parseYaml(text, { version: '1.1' }) : JSON.parse(text)
  } catch (error) {
    throw unread(jsonFault(text) ?? (error as Error).message)
  }
  if (isObject(parsed)) return parsed
  throw unread(`json: cannot unmarshal ${jsonType(parsed)} into Go value of type struct`)
}

function queryNumber(call: Call, name: string): number | undefined {
  const text = call.query.get(name)
  if (text === null || text === '') return undefined
  if (/^-?\d+$/.test(text)) return Number(text)
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
}
