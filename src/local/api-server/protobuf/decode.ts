/**
 * Objects in Kubernetes' protocol buffers, as JSON values: typed clients write built-in kinds this way. Field numbers
 * are data taken from Kubernetes, types come from the schemas.
 */
import { join } from 'node:path'
import { isObject, type Obj, put, type Value } from '#core/schema/json.ts'
import type { Schema } from '#core/schema/schema.ts'
import { readData } from '../../data-file.ts'
import { builtinResources } from '../builtin/kinds.ts'
import { builtinSchemas } from '../builtin/schemas.ts'
import { seconds } from '../builtin/times.ts'
import { apiVersionOf } from '../resource.ts'
import { readFields, WireError } from './reader.ts'

type Numbers = Readonly<Record<string, string | readonly [string]>>

const magic = [0x6b, 0x38, 0x73, 0x00]
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'
let numbers: Readonly<Record<string, Numbers>> | undefined

function numbersOf(name: string): Numbers {
  numbers ??= readData(join(import.meta.dirname, '..', 'data', 'protobuf.json')) as typeof numbers
  return numbers?.[name] ?? {}
}

/** The object in an envelope as JSON text, or undefined when its kind is not built in. Throws WireError. */
export function jsonFromProtobuf(bytes: Uint8Array): string | undefined {
  if (!magic.every((byte, index) => bytes[index] === byte)) throw new WireError('no envelope')
  let head = new Uint8Array() as Uint8Array
  let raw = new Uint8Array() as Uint8Array
  for (const { number, value } of readFields(bytes.subarray(4))) {
    if (typeof value === 'bigint') continue
    if (number === 1) head = value
    else if (number === 2) raw = value
  }
  const [apiVersion = '', kind = ''] = [1, 2].map((wanted) =>
    textOf(readFields(head).find(({ number }) => number === wanted)?.value),
  )
  const schema = schemaOf(apiVersion, kind)
  if (schema === undefined) return undefined
  return JSON.stringify({ kind, apiVersion, ...message(schema, raw) })
}

const others: Readonly<Record<string, string>> = {
  DeleteOptions: `${meta}.DeleteOptions`,
  Scale: 'io.k8s.api.autoscaling.v1.Scale',
  Eviction: 'io.k8s.api.policy.v1.Eviction',
  TokenRequest: 'io.k8s.api.authentication.v1.TokenRequest',
}

function schemaOf(apiVersion: string, kind: string): Schema | undefined {
  const other = others[kind]
  if (other !== undefined) return builtinSchemas().get(other)
  return builtinResources().find((r) => r.kind === kind && apiVersionOf(r) === apiVersion)?.schema
}

function message(schema: Schema, bytes: Uint8Array, numbered = schema['x-name'] ?? ''): Obj {
  const result: Obj = {}
  const known = numbersOf(numbered)
  for (const { number, value } of readFields(bytes)) {
    const name = known[String(number)]
    if (name === undefined) continue
    if (typeof name !== 'string') {
      // A struct that Go embeds: its fields stand among those of the one around it.
      if (typeof value !== 'bigint') Object.assign(result, message(schema, value, name[0]))
      continue
    }
    const field = schema.properties?.[name]
    if (field !== undefined) add(result, name, field, value)
  }
  return result
}

function add(result: Obj, name: string, field: Schema, value: bigint | Uint8Array): void {
  if (field.type === 'array') {
    const known = result[name]
    const list = Array.isArray(known) ? known : []
    list.push(valueOf(field.items ?? {}, value))
    result[name] = list
    return
  }
  const values = field.additionalProperties
  if (typeof values === 'object' && typeof value !== 'bigint') {
    const known = result[name]
    const map: Obj = isObject(known) ? known : {}
    const entry = readFields(value)
    const key = textOf(entry.find(({ number }) => number === 1)?.value)
    const item = entry.find(({ number }) => number === 2)?.value ?? new Uint8Array()
    put(map, key, valueOf(values, item))
    result[name] = map
    return
  }
  result[name] = valueOf(field, value)
}

function valueOf(schema: Schema, value: bigint | Uint8Array): Value {
  if (schema['x-kubernetes-int-or-string'] === true) return intOrString(bytesOf(value))
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return embedded(bytesOf(value))
  if (schema.properties !== undefined) return message(schema, bytesOf(value))
  switch (schema.type) {
    case 'integer':
      return Number(value)
    case 'number':
      return typeof value === 'bigint' ? doubleOf(value) : 0
    case 'boolean':
      return value !== 0n
    case 'string':
      return stringOf(schema, bytesOf(value))
    case 'array':
      return listOfLists(schema, bytesOf(value))
    default:
      return {}
  }
}

/** A map of lists has a message of its own for each list. */
function listOfLists(schema: Schema, bytes: Uint8Array): Value {
  return readFields(bytes).map(({ value }) => valueOf(schema.items ?? {}, value))
}

function stringOf(schema: Schema, bytes: Uint8Array): Value {
  switch (schema.format) {
    case 'byte':
      return Buffer.from(bytes).toString('base64')
    case 'quantity':
      return textOf(readFields(bytes).find(({ number }) => number === 1)?.value)
    case 'date-time':
    case 'micro-time':
      return timeOf(schema.format === 'micro-time', bytes)
    default:
      return textOf(bytes)
  }
}

function timeOf(micro: boolean, bytes: Uint8Array): Value {
  const fields = readFields(bytes)
  const part = (wanted: number): number =>
    Number(fields.find(({ number }) => number === wanted)?.value ?? 0n)
  if (fields.length === 0 || part(1) <= -62135596800) return null
  const whole = seconds(part(1) * 1000)
  if (!micro) return whole
  return `${whole.slice(0, -1)}.${String(Math.trunc(part(2) / 1000)).padStart(6, '0')}Z`
}

function intOrString(bytes: Uint8Array): Value {
  const fields = readFields(bytes)
  const find = (wanted: number) => fields.find(({ number }) => number === wanted)?.value
  return find(1) === 1n ? textOf(find(3)) : Number(find(2) ?? 0n)
}

/** JSON that travels inside a message. */
function embedded(bytes: Uint8Array): Value {
  const inner = textOf(readFields(bytes).find(({ number }) => number === 1)?.value)
  return inner === '' ? null : (JSON.parse(inner) as Value)
}

function doubleOf(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8))
  view.setBigUint64(0, bits)
  return view.getFloat64(0)
}

function bytesOf(value: bigint | Uint8Array): Uint8Array {
  if (typeof value === 'bigint') throw new WireError('a message was expected, not a number')
  return value
}

function textOf(value: bigint | Uint8Array | undefined): string {
  return value === undefined || typeof value === 'bigint' ? '' : Buffer.from(value).toString('utf8')
}
