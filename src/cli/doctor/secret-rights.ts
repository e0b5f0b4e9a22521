/** Whether Secrets may be read where somebody names one: no role opens them, a binding in each namespace does. */
import { definedKind } from '#core/api/definition.ts'
import type { Kind } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { FaceEntry } from '#doors/face.ts'
import { faces } from '#doors/faces.ts'
import type { May } from '#http/may.ts'
import type { Cluster } from '#kube/cluster.ts'
import { type Entry, fullName, orUndefined } from '#releases/entry.ts'
import { controllerRules, type PolicyRule } from '../rbac.ts'
import { faceRules } from '../rbac-faces.ts'
import { accountName, accountOf, each } from './account.ts'
import { type Examined, type Finding, type Installed, warning } from './finding.ts'
import { listens } from './parts.ts'

type Need = {
  readonly namespace: string
  /** Who names one there. */
  readonly by: string
  readonly rules: readonly PolicyRule[]
}

type Looked = Pick<Examined, 'cluster' | 'entries'> & { readonly installed: Installed }

export async function secretFindings(looked: Looked, may: May): Promise<readonly Finding[]> {
  const { cluster, installed } = looked
  const user = accountOf(installed)
  const found: Finding[] = []
  for (const { namespace, by, rules } of await needsOf(looked)) {
    const deeds = rules.flatMap((rule) => each(rule, namespace))
    const allowed = await Promise.all(deeds.map((deed) => may(user, deed)))
    const missing = deeds.filter((_, index) => allowed[index] !== true).map(({ verb }) => verb)
    if (missing.length === 0) continue
    const { namespace: own, serviceAccount } = installed
    const role = await roleWith(cluster, rules)
    found.push(
      warning(
        accountName(installed),
        `may not ${missing.join(', ')} Secrets in ${namespace}, where ${by} needs them`,
        `kubectl create rolebinding ${role} --namespace ${namespace} --clusterrole=${role} --serviceaccount=${own}:${serviceAccount}`,
      ),
    )
  }
  return found
}

const clusterRole: Kind = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  namespaced: false,
}
type ClusterRole = KubeObject & { readonly rules?: readonly PolicyRule[] | null }

/** Each installation brings one for this, under a name of its own, and binds it nowhere. */
async function roleWith(cluster: Cluster, wanted: readonly PolicyRule[]): Promise<string> {
  const labelSelector = 'app.kubernetes.io/part-of=headgate'
  const roles = await orUndefined(cluster.list<ClusterRole>(clusterRole, { labelSelector }))
  const verbs = wanted.flatMap((rule) => rule.verbs)
  const fitting = (roles?.items ?? []).find(({ rules }) =>
    (rules ?? []).some(
      (rule) =>
        rule.resources.includes('secrets') && verbs.every((verb) => rule.verbs.includes(verb)),
    ),
  )
  return fitting?.metadata.name ?? 'headgate-secrets'
}

async function needsOf(looked: Looked): Promise<readonly Need[]> {
  const { entries } = looked
  const { secrets: rules } = controllerRules([])
  const naming = Map.groupBy(entries.filter(namesSecret), ({ namespace }) => namespace)
  const ofReleases = [...naming].map(([namespace, some]): Need => {
    const by = some.slice(0, 3).map(fullName).join(', ')
    return { namespace, by, rules }
  })
  return [
    ...ofReleases,
    ...(await Promise.all(faces.map((face) => needsOfFace(looked, face)))).flat(),
  ]
}

/** A face that keeps Secrets does so wherever it has records. */
async function needsOfFace(
  { cluster, installed }: Looked,
  { name, crds }: FaceEntry,
): Promise<readonly Need[]> {
  const rules = faceRules[name]?.secrets ?? []
  if (rules.length === 0 || !listens(installed, name)) return []
  const lists = await Promise.all(
    crds.map((crd) => orUndefined(cluster.list<KubeObject>(definedKind(crd)))),
  )
  const records = lists.flatMap((list) => list?.items ?? [])
  const namespaces = new Set(records.map(({ metadata }) => metadata.namespace ?? 'default'))
  return [...namespaces].map((namespace) => ({ namespace, by: `the face ${name}`, rules }))
}

function namesSecret({ app }: Entry): boolean {
  if (app === undefined) return false
  const { analysis, plan } = app
  const steps = plan.candidates.flatMap((candidate) => candidate.steps)
  const gates = [
    ...steps.flatMap((step) => (step.kind === 'gate' ? step.gates : [])),
    ...(plan.promotion.gates ?? []),
  ]
  return (
    analysis?.provider.secret !== undefined ||
    gates.some((gate) => gate.kind === 'webhook' && gate.secret !== undefined)
  )
}
