/** The checks themselves: each notices what it is for. */
import { expect, test } from 'vitest'
import { problemsOf } from './checks.ts'
import type { Manifest } from './manifest.ts'

const metadata = { name: 'a', namespace: 'b' }
const confined = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
}
const resources = { requests: { cpu: '1m' }, limits: { memory: '1Mi' } }
const labels = { app: 'a' }
const chosen = { matchLabels: labels }
const topologySpreadConstraints = [{ labelSelector: chosen }]
const securityContext = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }

function deployment(pod: object = {}, container: object = {}): Manifest {
  const containers = [{ name: 'c', image: 'i', resources, securityContext: confined, ...container }]
  const usual = { serviceAccountName: 'a', securityContext, topologySpreadConstraints }
  const spec = { ...usual, containers, ...pod }
  const template = { metadata: { labels }, spec }
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { template } }
}
const account: Manifest = { apiVersion: 'v1', kind: 'ServiceAccount', metadata }

function role(kind: string, rules: Manifest['rules']): Manifest {
  return { apiVersion: 'v1', kind, metadata: { name: 'a' }, ...(rules && { rules }) }
}
const binding: Manifest = {
  ...role('ClusterRoleBinding', undefined),
  roleRef: { kind: 'ClusterRole', name: 'a' },
  subjects: [{ kind: 'ServiceAccount', ...metadata }],
}
const budget: Manifest = {
  ...{ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata },
  spec: { selector: chosen },
}
function policy(...open: readonly string[]): Manifest {
  const ingress = [{ ports: open.map((port) => ({ port })) }]
  const spec = { podSelector: chosen, policyTypes: ['Ingress', 'Egress'], ingress }
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec }
}
const listening = { ports: [{ name: 'http', containerPort: 8080 }] }
const rule = { apiGroups: [''], resources: ['pods'], verbs: ['get'] }

const rows: readonly (readonly [string, readonly Manifest[], string])[] = [
  ['the network of the host', [deployment({ hostNetwork: true }), account], 'hostNetwork is on'],
  [
    'a folder of the host',
    [deployment({ volumes: [{ name: 'v', hostPath: {} }] }), account],
    'hostPath',
  ],
  ['root', [deployment({ securityContext: {} }), account], 'it may run as root'],
  ['no seccomp', [deployment({ securityContext: {} }), account], 'no seccomp profile'],
  [
    'user 0',
    [deployment({}, { securityContext: { ...confined, runAsUser: 0 } }), account],
    'it runs as root',
  ],
  [
    'everything',
    [deployment({}, { securityContext: {} }), account],
    'capabilities are not dropped',
  ],
  ['no limit', [deployment({}, { resources: {} }), account], 'no limit of memory'],
  ['no account', [deployment()], 'no ServiceAccount b/a'],
  ['a wildcard', [role('Role', [{ ...rule, verbs: ['*'] }])], 'has a wildcard'],
  ['escalation', [role('Role', [{ ...rule, verbs: ['escalate'] }])], 'may escalate'],
  [
    'all Secrets',
    [account, role('ClusterRole', [{ ...rule, resources: ['secrets'] }]), binding],
    'opens Secrets',
  ],
  ['no budget', [deployment(), account], 'no PodDisruptionBudget'],
  [
    'a budget of others',
    [deployment(), { ...budget, spec: { selector: { matchLabels: { app: 'b' } } } }],
    'no PodDisruptionBudget',
  ],
  ['no policy', [deployment(), account], 'no NetworkPolicy'],
  ['a port that is shut', [deployment({}, listening), policy()], 'open are , not http'],
  ['a port of nobody', [deployment(), policy('http')], 'open are http, not '],
  [
    'all on one node',
    [deployment({ topologySpreadConstraints: [] }), account],
    'its pods are not spread',
  ],
  ['a binding to nothing', [account, binding], 'names ClusterRole a, which is not there'],
]

test.each(rows)('%s is found', (_, all, why) => {
  expect(problemsOf(all).join('\n')).toContain(why)
})

test('what keeps all of it passes', () => {
  const bound = [account, role('ClusterRole', [rule]), binding]
  const all = [deployment({}, listening), budget, policy('http'), ...bound]
  expect(problemsOf(all)).toEqual([])
})
