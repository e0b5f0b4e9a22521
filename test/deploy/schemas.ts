/** JSON schemas of everything that a cluster of ours serves, a file for each kind: Kubernetes' own, and those of definitions. */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CustomResourceDefinition } from '#core/k8s/definition.ts'
import { definitions } from '#doors/definitions.ts'
import { connectTo } from '#kube/connect.ts'
import { systemPorts } from '#kube/system.ts'
import { startApiServer } from '#local/api-server/start.ts'

type Node = { readonly [key: string]: unknown }

/** `GROUP_VERSION_KIND.json`, in lower case, nothing allowed beyond what a schema names. */
export async function writeSchemas(folder: string): Promise<void> {
  const write = (group: string, version: string, kind: string, schema: object): void => {
    // To kubeconform the core group is called like its version.
    const name = `${group === '' ? version : group}_${version}_${kind}`.toLowerCase()
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(schema))
  }
  for (const { spec } of allDefinitions()) {
    for (const { name, schema } of spec.versions) {
      const own = strict(schema?.openAPIV3Schema ?? {}, true)
      write(spec.group, name, spec.names.kind, own as object)
    }
  }
  for (const { components } of await documents()) {
    for (const [name, schema] of Object.entries(components.schemas)) {
      const kinds = (schema['x-kubernetes-group-version-kind'] ?? []) as readonly Gvk[]
      for (const { group, version, kind } of kinds) {
        const document = {
          components: strict(components, false),
          $ref: `#/components/schemas/${name}`,
        }
        write(group, version, kind, document)
      }
    }
  }
}

function allDefinitions(): readonly CustomResourceDefinition[] {
  const others = globSync('src/local/crds/*.json').flatMap(
    (path) => JSON.parse(readFileSync(path, 'utf8')) as readonly CustomResourceDefinition[],
  )
  return [...definitions, ...others]
}

type Gvk = { readonly group: string; readonly version: string; readonly kind: string }
type Document = { readonly components: { readonly schemas: Readonly<Record<string, Node>> } }

async function documents(): Promise<readonly Document[]> {
  const ports = systemPorts()
  const server = await startApiServer({ ports })
  const cluster = connectTo(server.transport(), ports)
  try {
    const read = async (path: string): Promise<unknown> =>
      JSON.parse((await cluster.raw({ path })).body)
    const { paths } = (await read('/openapi/v3')) as { readonly paths: Node }
    return (await Promise.all(
      Object.keys(paths).map((path) => read(`/openapi/v3/${path}`)),
    )) as readonly Document[]
  } finally {
    await cluster.close()
    await server.close()
  }
}

/** Objects have what their schema names and nothing else; a definition leaves out what every object has. */
function strict(value: unknown, isRoot: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => strict(item, false))
  if (typeof value !== 'object' || value === null) return value
  const node = Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, strict(inner, false)]),
  ) as Node
  const { properties } = node
  const isClosed =
    isObject(properties) &&
    !('additionalProperties' in node) &&
    node['x-kubernetes-preserve-unknown-fields'] !== true &&
    !isNestedName(node)
  if (!isClosed) return node
  const usual = { apiVersion: {}, kind: {}, metadata: {} }
  return {
    ...node,
    properties: isRoot ? { ...properties, ...usual } : properties,
    additionalProperties: false,
  }
}

function isObject(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member that is itself called `properties`, in a schema of schemas. */
function isNestedName({ properties }: Node): boolean {
  return isObject(properties) && !Object.values(properties).every(isObject)
}
