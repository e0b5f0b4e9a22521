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
const securityContext = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }

function deployment(pod: object = {}, container: object = {}): Manifest {
  const containers = [{ name: 'c', image: 'i', resources, securityContext: confined, ...container }]
  const spec = { serviceAccountName: 'a', securityContext, containers, ...pod }
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { template: { spec } } }
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
  ['a binding to nothing', [account, binding], 'names ClusterRole a, which is not there'],
]

test.each(rows)('%s is found', (_, all, why) => {
  expect(problemsOf(all).join('\n')).toContain(why)
})

test('what keeps all of it passes', () => {
  const all = [deployment(), account, role('ClusterRole', [rule]), binding]
  expect(problemsOf(all)).toEqual([])
})
