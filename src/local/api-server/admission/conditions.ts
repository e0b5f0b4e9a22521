/** Match conditions: expressions that say whether a webhook wants to be asked at all. */
import type { Obj } from '#core/schema/json.ts'
import { serviceAccount } from '../auth/users.ts'
import type { Variables } from '../cel/evaluate.ts'
import {
  type Actor,
  AuthorizerValue,
  type Place,
  ResourceCheck,
} from '../cel/functions/authorization.ts'
import { compile, instantiationFault, type Program, shownResult } from '../cel/program.ts'
import { anyValue } from '../cel/schema-value.ts'
import { standardFunctions } from '../cel/signatures.ts'
import { EvalError } from '../cel/values.ts'
import type { Call, Machine, User } from '../machine.ts'
import { labelName, subdomainName } from '../names.ts'
import { authorizerOf } from '../rbac/authorizer.ts'
import { forbidden } from '../status.ts'
import { conditionVariables } from './condition-types.ts'
import type { Hook } from './hooks.ts'
import type { Invocation } from './match.ts'
import { reviewOf } from './review.ts'
import type { Pair, Subject } from './subject.ts'

const callLimit = 1_000_000
/** For all conditions of one webhook together. */
const wholeLimit = 2_500_000

type Compiled =
  | { readonly kind: 'program'; readonly program: Program }
  /** `stuck`: the text is sound and can still never be evaluated. */
  | { readonly kind: 'fault'; readonly fault: string; readonly stuck: boolean }

const compiled = new Map<string, Compiled>()
const keptTexts = 1000

function compiledText(expression: string): Compiled {
  let known = compiled.get(expression)
  if (known === undefined) {
    if (compiled.size >= keptTexts) compiled.clear()
    known = compiledAnew(expression)
    compiled.set(expression, known)
  }
  return known
}

function compiledAnew(expression: string): Compiled {
  const functions = standardFunctions()
  const program = compile(expression, { variables: conditionVariables, functions })
  if (typeof program === 'string') {
    return { kind: 'fault', fault: `compilation failed: ${program}`, stuck: false }
  }
  if (program.type.kind !== 'bool') {
    const fault = `must evaluate to bool but got ${shownResult(program)}`
    return { kind: 'fault', fault, stuck: false }
  }
  const stuck = instantiationFault(program)
  if (stuck === undefined) return { kind: 'program', program }
  return { kind: 'fault', fault: `program instantiation failed: ${stuck}`, stuck: true }
}

/** Why an expression cannot be a condition, or undefined when it can. */
export function conditionFault(
  expression: string,
): { readonly fault: string; readonly stuck: boolean } | undefined {
  const known = compiledText(expression)
  return known.kind === 'program' ? undefined : known
}

/**
 * Whether the webhook shall be asked; `pair` is in the form it wants. Throws a 403 when that cannot be said and a
 * failure of the webhook would count.
 */
export function conditionsHold(
  call: Call,
  subject: Subject,
  { hook, kind }: Invocation,
  pair: Pair,
): boolean {
  if (hook.conditions.length === 0) return true
  // A condition sees the resource that was asked for, though in the kind of the webhook's choice.
  const review = reviewOf('', 'v1', subject, { hook, kind, resource: subject.resource }, pair)
  const variables = variablesOf(call.machine, subject, pair, review.request as Obj)
  const outcome = outcomeOf(hook, variables)
  if (outcome.kind === 'failed' && !hook.ignoresFailure) {
    throw forbidden(subject.resource, subject.name, outcome.why)
  }
  return outcome.kind === 'holds'
}

type Outcome =
  | { readonly kind: 'holds' | 'not' }
  | { readonly kind: 'failed'; readonly why: string }

/** One that does not hold decides, even when others have no value. */
function outcomeOf({ conditions }: Hook, variables: Variables): Outcome {
  const faults = new Set<string>()
  let [budget, refused] = [wholeLimit, false]
  for (const expression of conditions) {
    const known = compiledText(expression)
    if (known.kind === 'fault') {
      faults.add(`compilation error: ${known.fault}`)
      continue
    }
    const result = known.program.run(variables, callLimit)
    budget -= result.cost
    if (budget < 0) return { kind: 'failed', why: outOfBudget }
    if (result.kind === 'value') refused ||= result.value === false
    else faults.add(`expression '${expression}' resulted in error: ${result.message}`)
  }
  if (refused) return { kind: 'not' }
  if (faults.size === 0) return { kind: 'holds' }
  const [only] = faults
  return {
    kind: 'failed',
    why: faults.size === 1 ? (only as string) : `[${[...faults].join(', ')}]`,
  }
}

const outOfBudget =
  'validation failed due to running out of cost budget, no further validation rules will be run'

function variablesOf(machine: Machine, subject: Subject, pair: Pair, request: Obj): Variables {
  const { user, resource, subresource, namespace, name } = subject
  const actor = actorOf(machine, user)
  const place: Place = {
    group: resource.group,
    resource: resource.plural,
    subresource,
    namespace,
    name,
  }
  return {
    object: anyValue(pair.object),
    oldObject: anyValue(pair.old),
    request: anyValue(request),
    namespaceObject: null,
    authorizer: new AuthorizerValue(actor),
    'authorizer.requestResource': new ResourceCheck(actor, place),
  }
}

function actorOf(machine: Machine, user: User): Actor {
  return {
    may: (asked) => authorizerOf(machine).authorize(user, asked),
    account: (namespace, name) => {
      if (subdomainName(name).length > 0) throw new EvalError('Invalid service account name')
      if (labelName(namespace).length > 0) throw new EvalError('Invalid service account namespace')
      return actorOf(machine, serviceAccount(namespace, name))
    },
  }
}
