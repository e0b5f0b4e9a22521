/** The schema by which fields are owned: a custom kind's own says nothing of metadata, which is everyone's. */
import type { Schema } from '#core/schema/schema.ts'
import { builtinSchemas } from '../builtin/schemas.ts'
import type { Resource } from '../resource.ts'

const known = new WeakMap<Resource, Schema>()

export function ownershipSchema(resource: Resource): Schema | undefined {
  const { custom, schema } = resource
  if (custom === undefined || schema === undefined) return schema
  let made = known.get(resource)
  if (made === undefined) {
    const metadata = builtinSchemas().get('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta')
    const all = metadata === undefined ? {} : { metadata }
    made = { ...schema, properties: { ...schema.properties, ...all } }
    known.set(resource, made)
  }
  return made
}
