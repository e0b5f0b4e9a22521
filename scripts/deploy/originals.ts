/**
 * An installation for each door under the names of the program that it stands in for: the commands of that program's
 * document install it, and find its logs.
 */
import { base, type Feature, feature, together } from './features.ts'
import { type Files, header, manifests, under, yamlOf } from './files.ts'
import type { Manifest, Names } from './names.ts'
import { peopleOf } from './people.ts'
import { clusterRoles } from './roles.ts'
import {
  around,
  deployment,
  namespace,
  type ServicePort,
  type Size,
  service,
  servicePorts,
  usualSize,
} from './workload.ts'

type Original = {
  readonly door: string
  readonly features: readonly string[]
  readonly names: Names
  readonly size: Size
  /** Whether the namespace is one of the cluster's own, which nobody may make or delete. */
  readonly isShared?: boolean
  readonly ports?: readonly ServicePort[]
  readonly serviceType?: string
  /** Which objects go to which file, where its document says so. */
  readonly file: (object: Manifest) => string
}

function named(
  all: string,
  more: Omit<Partial<Names>, 'selector'> & Pick<Names, 'namespace' | 'selector'>,
): Names {
  return {
    deployment: all,
    container: all,
    service: all,
    account: all,
    role: all,
    ownRole: all,
    binding: all,
    ownBinding: all,
    ...more,
  }
}

const roomy: Size = { ...usualSize, requests: { cpu: '100m', memory: '128Mi' } }

const originals: readonly Original[] = [
  {
    door: 'kulta',
    features: ['kulta', 'kulta-webhooks'],
    names: named('kulta-controller', {
      namespace: 'kulta-system',
      container: 'controller',
      selector: { app: 'kulta-controller' },
    }),
    size: { ...roomy, limits: { cpu: '500m', memory: '512Mi' } },
    ports: [
      ...servicePorts([feature('kulta-webhooks')]),
      { name: 'metrics', port: 9090, targetPort: 'http' },
    ],
    file: ({ kind }) => {
      if (kind === 'CustomResourceDefinition') return 'deploy/crd.yaml'
      return /Role|ServiceAccount/.test(kind) ? 'deploy/rbac.yaml' : 'deploy/controller.yaml'
    },
  },
  {
    door: 'canaryapp',
    features: ['canaryapp'],
    names: {
      namespace: 'canaryop-system',
      deployment: 'canaryop-controller-manager',
      container: 'manager',
      service: 'canaryop-controller-manager-metrics-service',
      account: 'canaryop-controller-manager',
      role: 'canaryop-manager-role',
      binding: 'canaryop-manager-rolebinding',
      ownRole: 'canaryop-leader-election-role',
      ownBinding: 'canaryop-leader-election-rolebinding',
      selector: { 'control-plane': 'controller-manager' },
    },
    size: roomy,
    file: () => 'config/default/canaryop.yaml',
  },
  {
    door: 'superposition',
    features: ['superposition'],
    names: named('mayday-deployer', { namespace: 'mayday', selector: { app: 'mayday-deployer' } }),
    size: roomy,
    file: () => 'mayday.yaml',
  },
  {
    door: 'deployer',
    features: ['deployer'],
    names: named('deployer', { namespace: 'kube-system', selector: { app: 'deployer' } }),
    size: roomy,
    isShared: true,
    ports: [...servicePorts([]), { name: 'deployer', port: 8000, targetPort: 'api' }],
    serviceType: 'NodePort',
    file: () => 'deployer.yaml',
  },
]

/** All objects of the installation that stands in for the program of a door. */
function objectsOf(original: Original): readonly Manifest[] {
  const { names, size, ports, serviceType, isShared = false } = original
  const parts = original.features.map(feature)
  const given = { names, features: parts, size }
  const made = service(given, ports)
  const type = serviceType === undefined ? {} : { type: serviceType }
  return [
    ...(isShared ? [] : [namespace(names)]),
    ...([...base.crds, ...parts.flatMap(({ crds }) => crds)] as readonly Manifest[]),
    ...roles(names, parts),
    ...['headgate', ...original.features].flatMap(peopleOf),
    ...around(given),
    deployment(given),
    { ...made, spec: { ...(made['spec'] as object), ...type } },
  ]
}

/** Its own lease is where the original had it, so that its rights belong to the same Role. */
function roles(names: Names, parts: readonly Feature[]): readonly Manifest[] {
  const all = together([base.rules, ...parts.map(({ rules }) => rules)])
  const former = Object.values(all.former).flat()
  const known = new Set(all.own.map((rule) => JSON.stringify(rule)))
  const further = former.filter((rule) => !known.has(JSON.stringify(rule)))
  return clusterRoles(names, { ...all, own: [...all.own, ...further] })
}

export function originalFiles(): Files {
  return Object.assign({}, ...originals.map(filesOf))
}

function filesOf(original: Original): Files {
  const byFile = new Map<string, Manifest[]>()
  for (const object of objectsOf(original)) {
    const path = original.file(object)
    byFile.set(path, [...(byFile.get(path) ?? []), object])
  }
  const paths = [...byFile.keys()]
  // A kustomization inside, for documents that name its folder; else one in front, so that the folder can be applied.
  const inner = original.door === 'canaryapp' ? 'config/default' : undefined
  const files: Files = {
    ...Object.fromEntries([...byFile].map(([path, objects]) => [path, manifests(objects)])),
    ...(inner === undefined
      ? { 'kustomization.yaml': kustomization(paths) }
      : {
          'kustomization.yaml': kustomization([inner]),
          [`${inner}/kustomization.yaml`]: kustomization(
            paths.map((path) => path.slice(inner.length + 1)),
          ),
        }),
  }
  return under(`deploy/kustomize/overlays/${original.door}`, files)
}

function kustomization(resources: readonly string[]): string {
  const content = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources,
  }
  return header + yamlOf(content)
}
