/** Translates an HTTPRoute of the Gateway API into entries of the routing table. */
import type { HttpRoute, HttpRouteMatch } from '#core/k8s/gateway-api.ts'
import { parseDuration } from '../duration.ts'
import type { Entry, Limits, RouteId } from '../table.ts'
import type { Reach } from './attachment.ts'
import { backend, sessionOf, translated } from './backends.ts'
import type { IsGranted } from './grants.ts'
import { matchedPrefix, matcher, matchRank } from './http-route-match.ts'
import { withReach } from './reach.ts'
import type { SessionRule } from './wire.ts'

/**
 * One entry for each host and match.
 * @param reach what is left of the hostnames after intersection with the listeners
 * @throws Error when an expression or a session in it cannot be read; the route is then not accepted.
 */
export function httpRouteEntries(
  route: HttpRoute,
  reach: readonly Reach[],
  isGranted: IsGranted,
): readonly Entry[] {
  const { namespace = 'default', name, creationTimestamp = '' } = route.metadata
  const id: RouteId = { router: 'gateway-api', namespace, name }
  const rules: readonly SessionRule[] = route.spec.rules ?? [{}]
  return rules.flatMap((rule, ruleIndex) => {
    const matches: readonly HttpRouteMatch[] = rule.matches?.length ? rule.matches : [{}]
    const session = rule.sessionPersistence
    const identity = {}
    return matches.flatMap((match, matchIndex) => {
      const matched = matchedPrefix(match)
      const context = { kind: 'HTTPRoute', namespace, isGranted, matched }
      const ruleId = `${namespace}/${name}/${ruleIndex}`
      return withReach(reach, {
        route: id,
        matches: matcher(match),
        rank: [
          ...matchRank(match),
          creationTimestamp,
          `${namespace}/${name}`,
          ruleIndex,
          matchIndex,
        ],
        filters: (rule.filters ?? []).map((filter) => translated(filter, context)),
        backends: (rule.backendRefs ?? []).map((ref) => backend(ref, context)),
        rule: identity,
        limits: limitsOf(rule),
        ...(session === undefined ? {} : { session: sessionOf(session, ruleId) }),
      })
    })
  })
}

// A request to the backend is part of the whole request; with one try the shorter limit decides.
function limitsOf({ timeouts }: SessionRule): Limits {
  const limits = [timeouts?.request, timeouts?.backendRequest]
    .map((text) => (text === undefined ? undefined : parseDuration(text)))
    .filter((limit) => limit !== undefined && limit > 0) as number[]
  return limits.length === 0 ? {} : { wholeMs: Math.min(...limits) }
}
