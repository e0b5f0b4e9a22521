/** What an installation can have beside our own door, each part on or off: doors, their faces, webhooks. */
import type { Definition } from '#core/api/definition.ts'
import type { Door } from '#doors/door.ts'
import { faces } from '#doors/faces.ts'
import { doors } from '#doors/register.ts'
import {
  controllerRules,
  dashboardRules,
  type PolicyRule,
  reviewRules,
  webhookRules,
} from '../../src/cli/rbac.ts'
import { faceRules } from '../../src/cli/rbac-faces.ts'

/** Where rights are needed, and therefore in which kind of role they stand. */
export type Rules = {
  /** Wherever releases may be: of a ClusterRole, or of a Role in the one namespace that is watched. */
  readonly releases: readonly PolicyRule[]
  /** Always of a ClusterRole. */
  readonly cluster: readonly PolicyRule[]
  /** Of a Role in the installation's own namespace. */
  readonly own: readonly PolicyRule[]
  /** To be bound in each namespace whose Secrets are to be read; bound nowhere as it is shipped. */
  readonly secrets: readonly PolicyRule[]
  /** Of a Role in the namespace of the program that a door stands in for. */
  readonly former: Readonly<Record<string, readonly PolicyRule[]>>
}

type Variable = { readonly name: string; readonly [more: string]: unknown }
export type Port = { readonly name: string; readonly port: number }

export type Feature = {
  readonly name: string
  /** What it is for, in a few words. */
  readonly about: string
  /** What has to be there before it is turned on. */
  readonly needs?: string
  /** Whether `kubectl apply -k deploy/kustomize/cluster` has it. */
  readonly isUsual: boolean
  /** Whether it works with rights in one namespace alone. */
  readonly isNamespaced: boolean
  readonly args: readonly string[]
  readonly env: readonly Variable[]
  readonly port?: Port
  readonly volumes: readonly Variable[]
  readonly mounts: readonly Variable[]
  readonly crds: readonly Definition[]
  readonly rules: Rules
}

const nothing = { args: [], env: [], volumes: [], mounts: [], crds: [] } as const
const noRules: Rules = { releases: [], cluster: [], own: [], secrets: [], former: {} }

const own = doors.filter(({ name }) => name === 'headgate')

/** What an installation with our own door alone may do, and its definitions. */
export const base: { readonly rules: Rules; readonly crds: readonly Definition[] } = {
  crds: own.flatMap(({ crds }) => crds),
  rules: rulesOf(own),
}

/** Those of `base` are not named again. */
function rulesOf(some: readonly Door[]): Rules {
  const { releases, owners, cluster, lease, secrets, formerLeases } = controllerRules(some)
  return {
    releases: [...releases, ...owners],
    cluster,
    own: lease,
    secrets,
    former: formerLeases,
  }
}

function furtherRules(door: Door): Rules {
  const { releases, cluster, former } = rulesOf([...own, door])
  const without = (rules: readonly PolicyRule[], known: readonly PolicyRule[]) => {
    const texts = new Set(known.map((rule) => JSON.stringify(rule)))
    return rules.filter((rule) => !texts.has(JSON.stringify(rule)))
  }
  return {
    ...noRules,
    releases: without(releases, base.rules.releases),
    cluster: without(cluster, base.rules.cluster),
    former,
  }
}

const about: Readonly<Record<string, string>> = {
  kulta: 'Rollouts of kulta.io',
  canaryapp: 'CanaryApps of canary.atze.io, with Istio',
}

function featureOf(door: Door): Feature {
  return {
    ...nothing,
    name: door.name,
    about: about[door.name] ?? `the door ${door.name}`,
    isUsual: true,
    isNamespaced: true,
    args: [`--doors=${door.name}`],
    crds: door.crds,
    rules: furtherRules(door),
  }
}

const webhookSecret = 'kulta-webhook-tls'

const webhooks: Feature = {
  ...nothing,
  name: 'kulta-webhooks',
  about: 'conversion and validation of Rollouts; needs the door kulta',
  isUsual: true,
  isNamespaced: false,
  args: ['--webhook-address=0.0.0.0:8443', '--webhook-service=$(POD_NAMESPACE)/headgate'],
  port: { name: 'webhooks', port: 8443 },
  rules: {
    ...noRules,
    cluster: webhookRules(doors, webhookSecret).cluster,
    own: webhookRules(doors, webhookSecret).secrets,
  },
}

function crdsOf(face: string): readonly Definition[] {
  return faces.find(({ name }) => name === face)?.crds ?? []
}

function face(name: string): Pick<Feature, 'name' | 'crds' | 'rules'> {
  return { name, crds: crdsOf(name), rules: { ...noRules, ...faceRules[name] } }
}

const superposition: Feature = {
  ...nothing,
  ...face('superposition'),
  about: "experiments of Superposition, by its webhook's events",
  needs:
    'a Secret headgate-superposition with `url`, the address of Superposition, and `secret`, what events bear',
  isUsual: false,
  isNamespaced: true,
  args: [
    '--superposition-address=0.0.0.0:8090',
    '--superposition-auth=secret',
    '--superposition-secret-file=/etc/headgate/superposition/secret',
  ],
  env: [
    {
      name: 'SUPERPOSITION_URL',
      valueFrom: { secretKeyRef: { name: 'headgate-superposition', key: 'url' } },
    },
  ],
  port: { name: 'superposition', port: 8090 },
  volumes: [
    {
      name: 'superposition',
      secret: {
        secretName: 'headgate-superposition',
        items: [{ key: 'secret', path: 'secret' }],
      },
    },
  ],
  mounts: [{ name: 'superposition', mountPath: '/etc/headgate/superposition', readOnly: true }],
}

/** Shared by the deployer and the dashboard: whichever is on listens there, or both. */
const restPort: Port = { name: 'api', port: 8000 }

const deployer: Feature = {
  ...nothing,
  ...face('deployer'),
  about: 'descriptors and deployments of the Amdatu Kubernetes Deployer, over REST',
  isUsual: false,
  // Who somebody is and what they may do is asked of the cluster.
  isNamespaced: false,
  args: ['--deployer-address=0.0.0.0:8000', '--deployer-auth=kubernetes'],
  port: restPort,
  rules: { ...noRules, ...faceRules['deployer'], cluster: reviewRules },
}

const dashboard: Feature = {
  ...nothing,
  name: 'dashboard',
  about:
    'the dashboard and its API; people sign in with a token of the cluster for the audience headgate',
  isUsual: false,
  isNamespaced: false,
  args: ['--dashboard-address=0.0.0.0:8000'],
  port: restPort,
  rules: { ...noRules, ...dashboardRules(doors) },
}

export const features: readonly Feature[] = [
  ...doors.filter((door) => !own.includes(door)).map(featureOf),
  webhooks,
  superposition,
  deployer,
  dashboard,
]

/** Ports of several, each once. */
export function portsOf(some: readonly Feature[]): readonly Port[] {
  const ports = some.flatMap(({ port }) => port ?? [])
  return ports.filter((one, index) => ports.findIndex(({ name }) => name === one.name) === index)
}

/** @throws Error when there is none of this name. */
export function feature(name: string): Feature {
  const found = features.find((one) => one.name === name)
  if (found === undefined) throw new Error(`there is no feature ${name}`)
  return found
}

/** The rules of several together. */
export function together(all: readonly Rules[]): Rules {
  const former: Record<string, readonly PolicyRule[]> = {}
  for (const one of all) Object.assign(former, one.former)
  return {
    releases: merged(all.flatMap(({ releases }) => releases)),
    cluster: merged(all.flatMap(({ cluster }) => cluster)),
    own: merged(all.flatMap((one) => one.own)),
    secrets: merged(all.flatMap(({ secrets }) => secrets)),
    former,
  }
}

/** One rule for each resource, with the verbs of all. */
function merged(rules: readonly PolicyRule[]): readonly PolicyRule[] {
  const byPlace = new Map<string, PolicyRule>()
  for (const rule of rules) {
    const { verbs, ...place } = rule
    const key = JSON.stringify(place)
    const known = byPlace.get(key)?.verbs ?? []
    byPlace.set(key, { ...rule, verbs: [...new Set([...known, ...verbs])] })
  }
  return [...byPlace.values()]
}
