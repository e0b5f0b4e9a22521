/** The options of list and watch, read from a query and checked as a kube-apiserver checks them. */
import { type Problem, problem } from '#core/schema/problem.ts'
import type { Resource } from './resource.ts'
import { ApiError, badRequest, invalid } from './status.ts'

export type ListOptions = {
  readonly labelSelector: string
  readonly fieldSelector: string
  readonly limit: number
  readonly continue: string
  /** As given; '' when absent. */
  readonly resourceVersion: string
  readonly match: '' | 'NotOlderThan' | 'Exact'
  readonly watch: boolean
  readonly bookmarks: boolean
  readonly sendInitialEvents: boolean | undefined
  readonly timeoutMs: number | undefined
}

/** Throws a 400 or 422 for options that contradict one another. */
export function readListOptions(query: URLSearchParams, resource: Resource): ListOptions {
  const text = (name: string): string => query.get(name) ?? ''
  const seconds = integer(query, 'timeoutSeconds')
  const initial = query.get('sendInitialEvents')
  const options: ListOptions = {
    labelSelector: text('labelSelector'),
    fieldSelector: text('fieldSelector'),
    limit: integer(query, 'limit') ?? 0,
    continue: text('continue'),
    resourceVersion: text('resourceVersion'),
    match: text('resourceVersionMatch') as ListOptions['match'],
    watch: flag(query.get('watch')),
    bookmarks: flag(query.get('allowWatchBookmarks')),
    sendInitialEvents: initial === null ? undefined : flag(initial),
    timeoutMs: seconds === undefined || seconds === 0 ? undefined : seconds * 1000,
  }
  const problems = options.watch ? watchProblems(options) : listProblems(options)
  if (problems.length > 0) {
    throw invalid(
      { group: 'meta.k8s.io', kind: 'ListOptions', plural: resource.plural },
      '',
      problems,
    )
  }
  return options
}

const matches = ['Exact', 'NotOlderThan']

const noMatch = (why: string): Problem =>
  problem.forbidden('resourceVersionMatch', `resourceVersionMatch is forbidden ${why}`)

function listProblems(options: ListOptions): Problem[] {
  const { match, resourceVersion } = options
  const problems: Problem[] = []
  if (match !== '') {
    if (resourceVersion === '') problems.push(noMatch('unless resourceVersion is provided'))
    if (options.continue !== '') problems.push(noMatch('when continue is provided'))
    if (!matches.includes(match)) {
      problems.push(problem.unsupported('resourceVersionMatch', match, [...matches, '']))
    }
    if (match === 'Exact' && resourceVersion === '0') {
      const why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
      problems.push(problem.forbidden('resourceVersionMatch', why))
    }
  }
  if (options.sendInitialEvents !== undefined) {
    problems.push(problem.forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  }
  return problems
}

function watchProblems(options: ListOptions): Problem[] {
  const { sendInitialEvents, match } = options
  const problems: Problem[] = []
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    const why = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'
    problems.push(problem.forbidden('resourceVersionMatch', why))
  }
  if (match === '') return problems
  if (sendInitialEvents === undefined) {
    problems.push(noMatch('for watch unless sendInitialEvents is provided'))
  }
  if (match !== 'NotOlderThan') {
    problems.push(problem.unsupported('resourceVersionMatch', match, ['NotOlderThan']))
  }
  if (options.continue !== '') problems.push(noMatch('when continue is provided'))
  return problems
}

/** Go's idea of a flag in a query: there and neither `false` nor `0`. */
export function flag(value: string | null): boolean {
  return value !== null && value.toLowerCase() !== 'false' && value !== '0'
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  if (/^-?\d+$/.test(text)) return Number(text)
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
}

/** A resourceVersion as a number. Throws the 500 a real server answers to anything else; lists are answered 400. */
export function revisionOf(text: string, ofList = false): number {
  if (/^\d+$/.test(text)) return Number(text)
  const quoted = JSON.stringify(text)
  const why = `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`
  if (ofList) throw badRequest(`invalid resource version: ${why}`)
  throw new ApiError(500, '', why)
}
