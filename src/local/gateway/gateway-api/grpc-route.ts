/** Translates a GRPCRoute of the Gateway API into entries of the routing table. Only calls of gRPC meet them. */
import { expression } from '../expressions.ts'
import { headerOf } from '../headers.ts'
import type { Entry, RequestView, RouteId } from '../table.ts'
import type { Reach } from './attachment.ts'
import { backend, sessionOf, translated } from './backends.ts'
import type { IsGranted } from './grants.ts'
import { headersMatcher } from './http-route-match.ts'
import { withReach } from './reach.ts'
import type { GrpcMatch, GrpcRoute, GrpcRule } from './wire.ts'

/** As `httpRouteEntries`. @throws Error when an expression or a session in it cannot be read. */
export function grpcRouteEntries(
  route: GrpcRoute,
  reach: readonly Reach[],
  isGranted: IsGranted,
): readonly Entry[] {
  const { namespace = 'default', name, creationTimestamp = '' } = route.metadata
  const id: RouteId = { router: 'gateway-api', namespace, name }
  const rules: readonly GrpcRule[] = route.spec.rules ?? [{}]
  const context = { kind: 'GRPCRoute', namespace, isGranted, matched: '/' }
  return rules.flatMap((rule, ruleIndex) => {
    const matches: readonly GrpcMatch[] = rule.matches?.length ? rule.matches : [{}]
    const session = rule.sessionPersistence
    const identity = {}
    return matches.flatMap((match, matchIndex) =>
      withReach(reach, {
        route: id,
        matches: grpcMatcher(match),
        rank: [
          ...grpcRank(match),
          creationTimestamp,
          `${namespace}/${name}`,
          ruleIndex,
          matchIndex,
        ],
        filters: (rule.filters ?? []).map((filter) => translated(filter, context)),
        backends: (rule.backendRefs ?? []).map((ref) => backend(ref, context)),
        rule: identity,
        limits: {},
        protocol: 'h2c',
        ...(session === undefined
          ? {}
          : { session: sessionOf(session, `grpc ${namespace}/${name}/${ruleIndex}`) }),
      }),
    )
  })
}

function grpcMatcher({ method = {}, headers = [] }: GrpcMatch): (request: RequestView) => boolean {
  const { type = 'Exact', service, method: call } = method
  const isService = partMatcher(service, type)
  const isCall = partMatcher(call, type)
  const hasHeaders = headersMatcher(headers)
  return (request) => {
    if (!(headerOf(request, 'content-type') ?? '').startsWith('application/grpc')) return false
    const [, askedService = '', askedCall = ''] = request.path.split('/')
    return isService(askedService) && isCall(askedCall) && hasHeaders(request)
  }
}

function partMatcher(wanted: string | undefined, type: string): (part: string) => boolean {
  if (wanted === undefined) return () => true
  if (type === 'Exact') return (part) => part === wanted
  const pattern = expression(wanted, 'whole')
  return (part) => pattern.test(part)
}

/**
 * Most characters in a matching service, then in a matching method, then most headers. The first number puts all of them
 * before an HTTPRoute's matches on the same host, which would take the calls by their path otherwise.
 */
function grpcRank({ method = {}, headers = [] }: GrpcMatch): readonly number[] {
  return [-1, -(method.service?.length ?? 0), -(method.method?.length ?? 0), -headers.length, 0]
}
