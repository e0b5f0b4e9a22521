/** What the faces of doors do beside the controller, as rules for its roles; their guides print the same. */
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import { type PolicyRule, rule } from './rbac.ts'

export type FaceRules = {
  /** Wherever releases may be. */
  readonly releases: readonly PolicyRule[]
  /** Of a Role in each namespace that has applications. */
  readonly secrets: readonly PolicyRule[]
}

export type OptionRule = {
  readonly option: string
  readonly value: string
  readonly rules: readonly PolicyRule[]
}

/** By the door's name, as each face works by default: with Ingresses, and without credentials of its own. */
export const faceRules: Readonly<Record<string, FaceRules>> = {
  superposition: {
    releases: [
      of('superposition.headgate.dev', 'experiments', 'get list watch create update delete'),
      of('superposition.headgate.dev', 'experiments/status', 'update'),
      rule(kinds.release, words('get list watch create update patch')),
      rule(kinds.service, ['get']),
      rule(kinds.deployment, words('get list')),
      rule(kinds.ingress, words('get list create')),
      rule(kinds.event, ['create']),
    ],
    secrets: [],
  },
  deployer: {
    releases: [
      of('deployer.headgate.dev', 'descriptors', 'get list watch create update delete'),
      of('deployer.headgate.dev', 'appdeployments', 'get list watch create patch delete'),
      of('deployer.headgate.dev', 'deploymentlogs', 'list watch create update'),
      of('deployer.headgate.dev', 'appdeployments/status', 'patch'),
      rule(kinds.release, words('get list watch create update delete')),
      rule(kinds.ingress, words('get create update delete')),
      rule(kinds.service, words('get list create patch delete')),
      rule(kinds.configMap, words('get create update delete')),
      rule(kinds.pod, words('list watch')),
      rule(kinds.replicationController, ['list']),
      rule(kinds.replicaSet, ['list']),
      rule(kinds.endpointSlice, words('list watch')),
      rule(kinds.event, ['create']),
    ],
    secrets: [rule(kinds.secret, words('get create patch'))],
  },
}

/** What a face wants besides where an option has a value; its guide says so. No manifest of ours grants it. */
export const optionRules: Readonly<Record<string, readonly OptionRule[]>> = {
  deployer: [
    {
      option: '--deployer-front',
      value: 'gateway-api',
      rules: [rule(kinds.httpRoute, words('get list watch create update delete'))],
    },
  ],
}

function of(group: string, plural: string, verbs: string): PolicyRule {
  const kind: Kind = { group, plural, version: 'v1', kind: plural, namespaced: true }
  return rule(kind, words(verbs))
}

function words(text: string): readonly string[] {
  return text.split(' ')
}
