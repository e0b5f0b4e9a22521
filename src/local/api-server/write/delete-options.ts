/** How an object shall be deleted, from the body and the query of a DELETE. */

import { parse as parseYaml } from 'yaml'
import { asNumber, asObject, asString, isObject, type Obj } from '#core/schema/json.ts'
import { problem } from '#core/schema/problem.ts'
import type { Call } from '../machine.ts'
import { badRequest, invalid } from '../status.ts'

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

/** Throws a 400 or 422 for options that make no sense. */
export function readDeleteOptions(call: Call): DeleteOptions {
  const body = call.body.trim() === '' ? {} : parseOptions(call.body)
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
  const old = orphan === true || orphan === 'true' ? 'Orphan' : undefined
  return {
    graceSeconds: grace !== undefined && grace < 0 ? 1 : grace,
    propagation: (policy as Propagation | undefined) ?? old,
    uid: asString(preconditions.uid),
    resourceVersion: asString(preconditions.resourceVersion),
    cascades: orphan === false || orphan === 'false',
  }
}

function parseOptions(text: string): Obj {
  try {
    const parsed: unknown = text.trimStart().startsWith('{')
      ? JSON.parse(text)
      : parseYaml(text, { version: '1.1' })
    if (isObject(parsed)) return parsed
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${(error as Error).message}`)
  }
  throw badRequest("couldn't get version/kind; json parse error")
}

function queryNumber(call: Call, name: string): number | undefined {
  const text = call.query.get(name)
  if (text === null || text === '') return undefined
  if (/^-?\d+$/.test(text)) return Number(text)
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
}
