/** What every rendered manifest has to keep; each check answers with sentences about what it does not. */
import {
  type Container,
  type Manifest,
  nameOf,
  ofKind,
  type PodSpec,
  podOf,
  type SecurityContext,
} from './manifest.ts'

/** All checks over one rendering. */
export function problemsOf(all: readonly Manifest[]): readonly string[] {
  return [
    ...all.flatMap((one) => podProblems(one)),
    ...all.flatMap(wildcards),
    ...secretsEverywhere(all),
    ...looseEnds(all),
    ...all.flatMap((one) => unprotected(one, all)),
  ]
}

type Selector = { readonly matchLabels?: Readonly<Record<string, string>> }
type Protecting = {
  readonly selector?: Selector
  readonly podSelector?: Selector
  readonly policyTypes?: readonly string[]
  readonly ingress?: readonly {
    readonly ports?: readonly { readonly port: number | string }[]
  }[]
}
type Template = {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> }
  readonly spec: {
    readonly topologySpreadConstraints?: readonly { readonly labelSelector?: Selector }[]
  }
}

/** What keeps a Deployment's pods up and apart: a budget, nodes of their own, and a policy that lets in their ports alone. */
function unprotected(object: Manifest, all: readonly Manifest[]): readonly string[] {
  const pod = podOf(object)
  if (pod === undefined) return []
  const { template } = object.spec as { readonly template: Template }
  const chosen = ({ matchLabels = {} }: Selector = {}): boolean =>
    Object.keys(matchLabels).length > 0 &&
    Object.entries(matchLabels).every(
      ([name, value]) => template.metadata?.labels?.[name] === value,
    )
  const beside = (kind: string): readonly Protecting[] =>
    ofKind(all, kind)
      .filter(({ metadata }) => metadata.namespace === object.metadata.namespace)
      .map(({ spec }) => spec as Protecting)
  const budgets = beside('PodDisruptionBudget').filter(({ selector }) => chosen(selector))
  const policies = beside('NetworkPolicy').filter(
    ({ podSelector, policyTypes = [] }) =>
      chosen(podSelector) && policyTypes.includes('Ingress') && policyTypes.includes('Egress'),
  )
  const open = policies.flatMap(({ ingress = [] }) =>
    ingress.flatMap(({ ports = [] }) => ports.map(({ port }) => port)),
  )
  const own = pod.containers.flatMap(({ ports = [] }) => ports.map(({ name }) => name ?? ''))
  // Two parts that share a port both open it.
  const isSame =
    own.every((name) => open.includes(name)) && open.every((port) => own.includes(String(port)))
  const spread = template.spec.topologySpreadConstraints ?? []
  const checks: readonly (readonly [boolean, string])[] = [
    [budgets.length === 1, 'no PodDisruptionBudget of its own chooses its pods'],
    [policies.length === 1, 'no NetworkPolicy of its own chooses its pods'],
    [isSame, `open are ${open.join()}, not ${own.join()}`],
    [
      spread.length > 0 && spread.every(({ labelSelector }) => chosen(labelSelector)),
      'its pods are not spread',
    ],
  ]
  return checks.flatMap(([holds, why]) => (holds ? [] : [`${nameOf(object)}: ${why}`]))
}

const volumeTypes = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
])

/** The Pod Security level restricted, and beside it a root that cannot be written and bounded memory. */
function podProblems(object: Manifest): readonly string[] {
  const pod = podOf(object)
  if (pod === undefined) return []
  const containers = [...pod.containers, ...(pod.initContainers ?? [])]
  const found = [
    ...(['hostNetwork', 'hostPID', 'hostIPC'] as const)
      .filter((field) => pod[field] === true)
      .map((field) => `${field} is on`),
    ...(pod.volumes ?? []).flatMap((volume) =>
      Object.keys(volume)
        .filter((key) => key !== 'name' && !volumeTypes.has(key))
        .map((key) => `a volume of the type ${key}`),
    ),
    ...((pod.securityContext?.sysctls?.length ?? 0) > 0 ? ['sysctls are set'] : []),
    ...containers.flatMap((one) => containerProblems(one, pod).map((why) => `${one.name}: ${why}`)),
  ]
  return found.map((why) => `${nameOf(object)}: ${why}`)
}

function containerProblems(container: Container, pod: PodSpec): readonly string[] {
  const own = container.securityContext ?? {}
  const both: SecurityContext = { ...pod.securityContext, ...own }
  const checks: readonly (readonly [boolean, string])[] = [
    [own.allowPrivilegeEscalation === false, 'privilege escalation is not forbidden'],
    [own.privileged !== true, 'it is privileged'],
    [own.procMount === undefined || own.procMount === 'Default', 'another procMount'],
    [own.capabilities?.drop?.includes('ALL') === true, 'capabilities are not dropped'],
    [
      (own.capabilities?.add ?? []).every((name) => name === 'NET_BIND_SERVICE'),
      'capabilities are added',
    ],
    [both.runAsNonRoot === true, 'it may run as root'],
    [both.runAsUser !== 0, 'it runs as root'],
    [
      ['RuntimeDefault', 'Localhost'].includes(both.seccompProfile?.type ?? ''),
      'no seccomp profile',
    ],
    [(container.ports ?? []).every(({ hostPort }) => hostPort === undefined), 'a port of the host'],
    [own.readOnlyRootFilesystem === true, 'its root can be written'],
    [container.resources?.limits?.['memory'] !== undefined, 'no limit of memory'],
    [container.resources?.requests?.['cpu'] !== undefined, 'no request of CPU'],
  ]
  return checks.flatMap(([holds, why]) => (holds ? [] : [why]))
}

/** Rules that say "everything", and rights by which more rights are had. */
function wildcards(object: Manifest): readonly string[] {
  return (object.rules ?? []).flatMap((rule) => {
    const words = [...rule.apiGroups, ...rule.resources, ...rule.verbs]
    const bad = [
      ...(words.includes('*') ? ['has a wildcard'] : []),
      ...['bind', 'escalate', 'impersonate']
        .filter((verb) => rule.verbs.includes(verb))
        .map((verb) => `may ${verb}`),
    ]
    return bad.map((why) => `${nameOf(object)}: ${why}: ${JSON.stringify(rule)}`)
  })
}

/** ClusterRoleBindings that open all Secrets of the cluster. */
function secretsEverywhere(all: readonly Manifest[]): readonly string[] {
  const bound = new Set(ofKind(all, 'ClusterRoleBinding').map(({ roleRef }) => roleRef?.name))
  return ofKind(all, 'ClusterRole')
    .filter(({ metadata }) => bound.has(metadata.name))
    .filter(({ rules = [] }) => rules.some(({ resources }) => resources.includes('secrets')))
    .map((role) => `${nameOf(role)} is bound everywhere and opens Secrets`)
}

/** Bindings to roles or accounts, pods with accounts, Services and policies with ports that nothing has. */
function looseEnds(all: readonly Manifest[]): readonly string[] {
  const names = new Set(all.map(nameOf))
  const bindings = ofKind(all, 'RoleBinding', 'ClusterRoleBinding').flatMap((binding) => {
    const { roleRef, subjects = [], metadata } = binding
    const role =
      roleRef?.kind === 'Role'
        ? `Role ${metadata.namespace}/${roleRef.name}`
        : `ClusterRole ${roleRef?.name}`
    const accounts = subjects.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`)
    return [role, ...accounts]
      .filter((name) => !names.has(name))
      .map((name) => `${nameOf(binding)} names ${name}, which is not there`)
  })
  const deployments = all.flatMap((one) => {
    const account = `ServiceAccount ${one.metadata.namespace}/${podOf(one)?.serviceAccountName}`
    return podOf(one) === undefined || names.has(account) ? [] : [`${nameOf(one)}: no ${account}`]
  })
  const ports = new Set(
    all
      .flatMap((one) => podOf(one)?.containers ?? [])
      .flatMap(({ ports: own = [] }) => own.map(({ name }) => name)),
  )
  const services = ofKind(all, 'Service').flatMap((one) => {
    const { ports: own } = one.spec as { readonly ports: readonly { targetPort: string }[] }
    return own
      .filter(({ targetPort }) => !ports.has(targetPort))
      .map(({ targetPort }) => `${nameOf(one)}: no container has the port ${targetPort}`)
  })
  return [...bindings, ...deployments, ...services]
}
