/** What an installation runs, by its arguments, and what each part of it may do: the same rules as its roles have. */
import type { Door } from '#doors/door.ts'
import { faces } from '#doors/faces.ts'
import {
  controllerRules,
  dashboardRules,
  type PolicyRule,
  reviewRules,
  webhookRules,
} from '../rbac.ts'
import { faceRules, type OptionRule, optionRules } from '../rbac-faces.ts'
import { formerService } from '../webhook-options.ts'
import type { Installed } from './finding.ts'
import { optionOf } from './installed.ts'

export type Part = {
  /** As a sentence names it: `the deployer`. */
  readonly name: string
  readonly grants: readonly Grant[]
  /** What has these rights among the manifests. */
  readonly todo: string
}

/** Rules, and the namespace in which they are needed; undefined where everywhere. */
export type Grant = { readonly rules: readonly PolicyRule[]; readonly namespace?: string }

export function partsOf(installed: Installed, doors: readonly Door[]): readonly Part[] {
  return [
    ofDoors(installed, doors),
    ...ofWebhooks(installed, doors),
    ...faces.flatMap(({ name }) => ofFace(installed, name)),
    ...ofDashboard(installed, doors),
  ]
}

function ofDoors(installed: Installed, doors: readonly Door[]): Part {
  const { releases, cluster, lease } = controllerRules(doors)
  return {
    name: 'its doors',
    grants: [
      ...within(installed, releases),
      // With rights in one namespace alone it does without these.
      ...(optionOf(installed, '--namespace') === undefined ? [{ rules: cluster }] : []),
      { rules: lease, namespace: installed.namespace },
    ],
    todo: 'apply the roles of this version (deploy/kustomize or the chart), for the doors that are open',
  }
}

/** Where one namespace alone is looked at, rights there are enough. */
function within(installed: Installed, rules: readonly PolicyRule[]): readonly Grant[] {
  const namespace = optionOf(installed, '--namespace')
  return [namespace === undefined ? { rules } : { rules, namespace }]
}

function ofWebhooks(installed: Installed, doors: readonly Door[]): readonly Part[] {
  if (!hasWebhooks(installed)) return []
  const secret = optionOf(installed, '--webhook-secret') ?? 'kulta-webhook-tls'
  const { cluster, secrets } = webhookRules(doors, secret)
  const former = isOn(installed) ? undefined : formerService(installed.env)
  const service = optionOf(installed, '--webhook-service') ?? former
  const [namespace = installed.namespace] = (service ?? installed.namespace).split('/')
  // Who brings certificates along keeps none in a Secret.
  const isBrought = optionOf(installed, '--webhook-certificates') !== undefined
  return [
    {
      name: 'the webhooks',
      grants: [{ rules: cluster }, ...(isBrought ? [] : [{ rules: secrets, namespace }])],
      todo: shipped('kulta-webhooks', 'doors.kulta.webhooks'),
    },
  ]
}

/** Whether it is told to serve webhooks, in our words or in KULTA's. */
export function hasWebhooks(installed: Installed): boolean {
  return isOn(installed) || formerService(installed.env) !== undefined
}

function isOn(installed: Installed): boolean {
  return (optionOf(installed, '--webhook-address') ?? 'off') !== 'off'
}

function ofFace(installed: Installed, name: string): readonly Part[] {
  const rules = faceRules[name]?.releases
  if (rules === undefined || !listens(installed, name)) return []
  const asks = optionOf(installed, `--${name}-auth`) === 'kubernetes'
  const chosen = (optionRules[name] ?? []).filter(
    ({ option, value }) => optionOf(installed, option) === value,
  )
  const all = [...rules, ...chosen.flatMap((one) => one.rules)]
  return [
    {
      name: `the face ${name}`,
      grants: [...within(installed, all), ...(asks ? [{ rules: reviewRules }] : [])],
      todo: [shipped(name, `doors.${name}.enabled`), ...chosen.map(byHand)].join('; '),
    },
  ]
}

/** Whether a face has an address. */
export function listens(installed: Installed, face: string): boolean {
  return optionOf(installed, `--${face}-address`) !== undefined
}

function ofDashboard(installed: Installed, doors: readonly Door[]): readonly Part[] {
  if (!listens(installed, 'dashboard')) return []
  const { releases, cluster } = dashboardRules(doors)
  const isOpen = optionOf(installed, '--dashboard-auth') === 'none'
  return [
    {
      name: 'the dashboard',
      grants: [...within(installed, releases), ...(isOpen ? [] : [{ rules: cluster }])],
      todo: shipped('dashboard', 'dashboard.enabled'),
    },
  ]
}

function byHand({ option, value }: OptionRule): string {
  return `what ${option}=${value} wants besides stands in docs/doors`
}

function shipped(part: string, value: string): string {
  return `add the part ${part} (deploy/kustomize/cluster/${part}, or --set ${value}=true of the chart): it has these rights`
}
