/** `deploy/argocd`: what Argo CD has to know of releases, as its ConfigMap wants it; the Lua of it stands in files of its own. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { doors } from '#doors/register.ts'
import { type Files, header, under, yamlOf } from './files.ts'
import { root } from './names.ts'

/** Commands that one annotation gives; undo and restart also change a spec, which belongs to git here. */
export const argoVerbs = ['pause', 'resume', 'promote', 'promote-full', 'abort', 'retry'] as const

function luaOf(name: 'health' | 'discovery' | 'action', verb = ''): string {
  const text = readFileSync(join(root, 'deploy/argocd/lua', `${name}.lua`), 'utf8')
  return text.replace('"VERB"', JSON.stringify(verb))
}

/** Where weights stand that a release moves, and a workload that it takes over. */
const ignored: Readonly<Record<string, readonly string[]>> = {
  'gateway.networking.k8s.io_HTTPRoute': [
    '.spec.rules[]?.backendRefs[]?.weight',
    '.spec.rules[]? | select(.name? // "" | startswith("headgate-"))',
  ],
  'gateway.networking.k8s.io_GRPCRoute': ['.spec.rules[]?.backendRefs[]?.weight'],
  'networking.istio.io_VirtualService': ['.spec.http[]?.route[]?.weight'],
}

export function argocd(): Files {
  return under('deploy/argocd', {
    'argocd-cm.yaml':
      header +
      '# Merge it into what stands there: kubectl apply --server-side -f deploy/argocd/argocd-cm.yaml\n' +
      yamlOf({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'argocd-cm', namespace: 'argocd' },
        data: Object.fromEntries([...doors.flatMap(customisations), ...ignoredDifferences()]),
      }),
  })
}

type Entry = readonly [key: string, text: string]

function customisations({ kind: { group, kind } }: (typeof doors)[number]): readonly Entry[] {
  const definitions = argoVerbs.map((verb) => ({ name: verb, 'action.lua': luaOf('action', verb) }))
  return [
    [`resource.customizations.health.${group}_${kind}`, luaOf('health')],
    [
      `resource.customizations.actions.${group}_${kind}`,
      yamlOf({ 'discovery.lua': luaOf('discovery'), definitions }),
    ],
  ]
}

function ignoredDifferences(): readonly Entry[] {
  return Object.entries(ignored).map(([key, jqPathExpressions]) => [
    `resource.customizations.ignoreDifferences.${key}`,
    yamlOf({ jqPathExpressions }),
  ])
}
