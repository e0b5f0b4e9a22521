/** Discovery: what is served, in the old documents and in the aggregated one, both from the table of kinds. */
import type { HttpResponse } from '#kube/http.ts'
import { json } from './answer.ts'
import type { Machine } from './machine.ts'
import { apiVersionOf, type Resource, type Subresource } from './resource.ts'

export const serverVersion = {
  major: '1',
  minor: '34',
  emulationMajor: '1',
  emulationMinor: '34',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '33',
  gitVersion: 'v1.34.4',
  gitCommit: '',
  gitTreeState: '',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: 'linux/amd64',
}

const aggregated =
  /application\/json;g=apidiscovery\.k8s\.io;v=(v2|v2beta1);as=APIGroupDiscoveryList/

/** The answer to a discovery path, or undefined for any other. */
export function discovery(
  machine: Machine,
  path: string,
  accept: string | undefined,
): HttpResponse | undefined {
  const parts = path.split('/').filter((part) => part !== '')
  const [root, group, version] = parts
  const wantsAll = aggregated.exec(accept ?? '')
  if (root === 'api') {
    if (parts.length === 1) {
      if (wantsAll !== null) return aggregatedAnswer(machine, [''], wantsAll[1] as string)
      const serverAddressByClientCIDRs = [{ clientCIDR: '0.0.0.0/0', serverAddress: '' }]
      return json(200, { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs })
    }
    return parts.length === 2 && group === 'v1' ? resourceList(machine, 'v1') : undefined
  }
  if (root !== 'apis') return undefined
  const groups = machine.registry.groups()
  if (parts.length === 1) {
    if (wantsAll !== null) {
      return aggregatedAnswer(
        machine,
        groups.map((g) => g.group),
        wantsAll[1] as string,
      )
    }
    return json(200, { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupOf) })
  }
  const found = groups.find((g) => g.group === group)
  if (found === undefined || parts.length > 3) return undefined
  if (parts.length === 2)
    return json(200, { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(found) })
  return found.versions.includes(version as string)
    ? resourceList(machine, `${group}/${version}`)
    : undefined
}

function groupOf({ group, versions }: { group: string; versions: readonly string[] }) {
  const named = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }))
  return { name: group, versions: named, preferredVersion: named[0] }
}

function resourceList(machine: Machine, apiVersion: string): HttpResponse {
  const resources = machine.registry.inVersion(apiVersion).flatMap((resource) => [
    {
      name: resource.plural,
      singularName: resource.singular,
      namespaced: resource.namespaced,
      kind: resource.kind,
      verbs: resource.verbs,
      ...namesOf(resource),
      ...(resource.hash === undefined ? {} : { storageVersionHash: resource.hash }),
    },
    ...resource.subresources.map((sub) => ({
      name: `${resource.plural}/${sub.name}`,
      singularName: '',
      namespaced: resource.namespaced,
      ...(sub.group === undefined ? {} : { group: sub.group, version: sub.version }),
      kind: sub.kind,
      verbs: sub.verbs,
    })),
  ])
  return json(200, {
    kind: 'APIResourceList',
    ...(apiVersion === 'v1' ? {} : { apiVersion: 'v1' }),
    groupVersion: apiVersion,
    resources,
  })
}

function namesOf({ shortNames, categories }: Resource) {
  return {
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  }
}

function aggregatedAnswer(
  machine: Machine,
  groups: readonly string[],
  version: string,
): HttpResponse {
  const versionsOf = (group: string): readonly string[] =>
    group === ''
      ? ['v1']
      : (machine.registry.groups().find((g) => g.group === group)?.versions ?? [])
  const items = groups.map((group) => ({
    metadata: { ...(group === '' ? {} : { name: group }), creationTimestamp: null },
    versions: versionsOf(group).map((name) => ({
      version: name,
      resources: machine.registry
        .inVersion(apiVersionOf({ group, version: name }))
        .map(aggregatedResource),
      freshness: 'Current',
    })),
  }))
  const body = {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items,
  }
  const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`
  return json(200, body, { 'content-type': type, vary: 'Accept' })
}

function aggregatedResource(resource: Resource) {
  const { group, version, kind } = resource
  const subresources = resource.subresources.map((sub) => aggregatedSubresource(resource, sub))
  return {
    resource: resource.plural,
    responseKind: { group, version, kind },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...namesOf(resource),
    ...(subresources.length === 0 ? {} : { subresources }),
  }
}

function aggregatedSubresource(resource: Resource, sub: Subresource) {
  return {
    subresource: sub.name,
    responseKind: {
      group: sub.group ?? resource.group,
      version: sub.version ?? resource.version,
      kind: sub.kind,
    },
    verbs: sub.verbs,
  }
}
