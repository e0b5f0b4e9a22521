/** What an audit log says of rules: which were used, and what was refused. */

import type { AuditLine } from '../../src/cli/local/control-plane.ts'
import type { ControllerRules, PolicyRule } from '../../src/cli/rbac.ts'

/** `verb resource` of what was refused for want of a rule, each once. */
export function refused(requests: readonly AuditLine[]): readonly string[] {
  const lines = requests.filter(({ responseStatus }) => responseStatus?.code === 403)
  return [...new Set(lines.map((line) => `${line.verb} ${resourceOf(line)} ${line.requestURI}`))]
}

/** `verb resource` of all that rules allow and nobody asked for. */
export function unusedRules(
  rules: ControllerRules,
  requests: readonly AuditLine[],
): readonly string[] {
  const used = new Set(requests.map((line) => `${line.verb} ${resourceOf(line)}`))
  const former = Object.entries(rules.formerLeases)
  const places: readonly (readonly [string, readonly PolicyRule[]])[] = [
    ['', [...rules.releases, ...rules.cluster, ...rules.lease, ...rules.secrets]],
    ...former,
  ]
  return places.flatMap(([place, own]) => {
    const there = requests.filter(({ objectRef }) => objectRef?.namespace === place)
    const usedHere =
      place === '' ? used : new Set(there.map((line) => `${line.verb} ${resourceOf(line)}`))
    return own
      .flatMap(allowed)
      .filter((one) => !usedHere.has(one))
      .map((one) => `${one}${place === '' ? '' : ` in ${place}`}`)
  })
}

/** `verb resource` of what these rules allow and nobody asked for. */
export function idleRights(
  rules: readonly PolicyRule[],
  requests: readonly AuditLine[],
): readonly string[] {
  const used = new Set(requests.map((line) => `${line.verb} ${resourceOf(line)}`))
  return rules.flatMap(allowed).filter((right) => !used.has(right))
}

function allowed({ apiGroups, resources, verbs }: PolicyRule): readonly string[] {
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
  )
}

function resourceOf({ objectRef }: AuditLine): string {
  const { apiGroup = '', resource = '', subresource } = objectRef ?? {}
  return `${apiGroup}/${resource}${subresource === undefined ? '' : `/${subresource}`}`
}
