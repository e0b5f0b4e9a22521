/**
 * `deploy/kustomize`: what runs stands in `base`; a part of it is a component that adds its arguments and ports. Rights
 * differ: `cluster` has ClusterRoles and the definitions, `namespaced` Roles alone.
 */
import { base, type Feature, features, type Port } from './features.ts'
import { type Files, header, manifests, under, yamlOf } from './files.ts'
import { grafanaConfigMap, prometheusRule, serviceMonitor } from './monitoring.ts'
import { ourNames as names } from './names.ts'
import { peopleOf } from './people.ts'
import { clusterRoles, formerRoles, namespacedRoles, namespacedSecrets } from './roles.ts'
import {
  around,
  containerPort,
  deployment,
  namespace,
  policyPort,
  service,
  servicePortsOf,
} from './workload.ts'

const plain = { names, features: [] }

/** Of what is applied in one namespace; whoever builds on it says another. */
const oneNamespace = { namespace: 'default' }

export function kustomize(): Files {
  return under('deploy/kustomize', {
    ...under('base', baseFiles()),
    ...Object.fromEntries(
      features.map((one) => [
        `components/${one.name}/kustomization.yaml`,
        component({ patches: patchesOf(one) }, aboutOf(one)),
      ]),
    ),
    ...under('components/monitoring', {
      'kustomization.yaml': component(
        { resources: ['monitoring.yaml'] },
        "for the Prometheus operator and Grafana's sidecar; their definitions have to be there",
      ),
      'monitoring.yaml': manifests([
        serviceMonitor(names),
        prometheusRule(names),
        grafanaConfigMap(names),
      ]),
    }),
    ...under('cluster', clusterFiles()),
    ...under('namespaced', namespacedFiles()),
  })
}

function baseFiles(): Files {
  return {
    'kustomization.yaml': kustomization({ resources: ['headgate.yaml'] }),
    'headgate.yaml': manifests([...around(plain), deployment(plain), service(plain)]),
  }
}

function clusterFiles(): Files {
  return {
    'kustomization.yaml':
      kustomization({
        resources: ['namespace.yaml', 'crds.yaml', 'roles.yaml', 'people.yaml', '../base'],
      }) + listed(features),
    'namespace.yaml': manifests([namespace(names)]),
    'crds.yaml': manifests(base.crds),
    'roles.yaml': manifests(clusterRoles(names, base.rules)),
    'people.yaml': manifests(peopleOf('headgate')),
    ...Object.assign({}, ...features.map(clusterFeature)),
    ...Object.assign({}, ...features.map(formerFiles)),
  }
}

function clusterFeature(one: Feature): Files {
  const people = peopleOf(one.name)
  const files = {
    'crds.yaml': one.crds,
    'roles.yaml': clusterRoles(names, one.rules, one.name),
    'people.yaml': people,
  }
  return under(one.name, featureFiles(one, files))
}

/** A file without objects is left out. */
function featureFiles(
  one: Feature,
  files: Readonly<Record<string, Parameters<typeof manifests>[0]>>,
  more: object = {},
): Files {
  const filled = Object.entries(files).filter(([, objects]) => objects.length > 0)
  return {
    'kustomization.yaml': component(
      {
        ...more,
        ...(filled.length === 0 ? {} : { resources: filled.map(([path]) => path) }),
        components: [`../../components/${one.name}`],
      },
      aboutOf(one),
    ),
    ...Object.fromEntries(filled.map(([path, objects]) => [path, manifests(objects)])),
  }
}

function formerFiles(one: Feature): Files {
  const roles = formerRoles(names, one)
  if (roles.length === 0) return {}
  const [place = ''] = Object.keys(one.rules.former)
  return under(`former-${one.name}`, {
    'kustomization.yaml': component(
      { resources: ['roles.yaml'] },
      `beside ${one.name} where the namespace ${place} is: holds the lease of the program that was there`,
    ),
    'roles.yaml': manifests(roles),
  })
}

function namespacedFiles(): Files {
  const possible = features.filter(({ isNamespaced }) => isNamespaced)
  return {
    'kustomization.yaml':
      kustomization({
        ...oneNamespace,
        resources: ['roles.yaml', '../base'],
        patches: [patch('Deployment', [add(`${container}/args`, '--namespace=$(POD_NAMESPACE)')])],
      }) + listed(possible),
    'roles.yaml': manifests(namespacedRoles(names, base.rules)),
    ...under('secrets', {
      'kustomization.yaml': component(
        { ...oneNamespace, resources: ['roles.yaml'] },
        'lets metrics and gates read the Secrets of the namespace',
      ),
      'roles.yaml': manifests(namespacedSecrets(names, base.rules)),
    }),
    ...Object.assign({}, ...possible.map(namespacedFeature)),
  }
}

function namespacedFeature(one: Feature): Files {
  const roles = namespacedRoles(names, one.rules, one.name)
  return under(one.name, featureFiles(one, { 'roles.yaml': roles }, oneNamespace))
}

const container = '/spec/template/spec/containers/0'

/** Adds what a part needs to what runs. */
function patchesOf(one: Feature): readonly object[] {
  const running = [
    ...one.args.map((arg) => add(`${container}/args`, arg)),
    ...one.env.map((variable) => add(`${container}/env`, variable)),
    ...one.mounts.map((mount) => add(`${container}/volumeMounts`, mount)),
    ...one.volumes.map((volume) => add('/spec/template/spec/volumes', volume)),
  ]
  return [patch('Deployment', running), ...(one.port === undefined ? [] : portPatches(one.port))]
}

/** Merged by their numbers: two parts may share one. */
function portPatches(port: Port): readonly object[] {
  const [, own] = servicePortsOf([port])
  const containers = [{ name: names.container, ports: [containerPort(port)] }]
  return [
    merge('Deployment', { spec: { template: { spec: { containers } } } }),
    merge('Service', { spec: { ports: [own] } }),
    patch('NetworkPolicy', [add('/spec/ingress/0/ports', policyPort(port))]),
  ]
}

function merge(kind: string, content: object): object {
  const apiVersion = kind === 'Service' ? 'v1' : 'apps/v1'
  const object = { apiVersion, kind, metadata: { name: names.deployment }, ...content }
  return { target: { kind, name: names.deployment }, patch: yamlOf(object) }
}

function add(path: string, value: unknown): object {
  return { op: 'add', path: `${path}/-`, value }
}

function patch(kind: string, operations: readonly object[]): object {
  return { target: { kind, name: names.deployment }, patch: yamlOf(operations) }
}

function kustomization(content: object): string {
  return (
    header +
    yamlOf({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', ...content })
  )
}

function component(content: object, about: string): string {
  const text = yamlOf({
    apiVersion: 'kustomize.config.k8s.io/v1alpha1',
    kind: 'Component',
    ...content,
  })
  return `${header}# ${about}\n${text}`
}

function aboutOf({ about, needs }: Feature): string {
  return needs === undefined ? about : `${about}; needs ${needs}`
}

/** The parts, those that are off as comments. */
function listed(all: readonly Feature[]): string {
  const lines = all.map((one) => `${one.isUsual ? '' : '# '}- ${one.name} # ${aboutOf(one)}`)
  return `components:\n${lines.map((line) => `  ${line}\n`).join('')}`
}
