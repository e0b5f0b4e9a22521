/** Named formats that a text may be checked against. */
import { hasFormat } from '#core/schema/formats.ts'
import { label1035Name, labelName, labelValue, qualifiedName, subdomainName } from '../../names.ts'
import type { Bodies } from '../functions.ts'
import { formatNames } from '../signatures.ts'
import { Extension, listFrom, Optional, type Value } from '../values.ts'
import { parsedUrl } from './url.ts'

type Check = (text: string) => readonly string[]

class Format extends Extension {
  readonly typeName = 'kubernetes.NamedFormat'
  readonly name: string
  /** How long the expression behind it is, for what a check costs. */
  readonly size: number
  readonly check: Check

  constructor(name: string, size: number, check: Check) {
    super()
    this.name = name
    this.size = size
    this.check = check
  }

  equals(other: Extension): boolean {
    return other instanceof Format && other.name === this.name
  }
}

function known(format: string, fault: string): Check {
  return (text) => (hasFormat(format, text) ? [] : [fault])
}

function uriFaults(text: string): readonly string[] {
  const parts = parsedUrl(text)
  return typeof parts === 'string' ? [parts] : []
}

const dateTimeSize = 86
const checks: Record<(typeof formatNames)[number], readonly [number, Check]> = {
  dns1123Label: [30, (text) => labelName(text)],
  dns1123Subdomain: [60, (text) => subdomainName(text)],
  dns1035Label: [30, (text) => label1035Name(text)],
  qualifiedName: [60, qualifiedName],
  dns1123LabelPrefix: [30, (text) => labelName(text, true)],
  dns1123SubdomainPrefix: [60, (text) => subdomainName(text, true)],
  dns1035LabelPrefix: [30, (text) => label1035Name(text, true)],
  labelValue: [40, labelValue],
  uri: [1000, uriFaults],
  uuid: [81, known('uuid', 'does not match the UUID format')],
  byte: [100, known('byte', 'invalid base64')],
  date: [dateTimeSize, known('date', 'invalid date')],
  datetime: [dateTimeSize, known('datetime', 'invalid datetime')],
}

const formats = new Map<string, Format>(
  formatNames.map((name) => [name, new Format(name, ...checks[name])]),
)

function validate([format, text]: readonly Value[]): Value {
  const faults = (format as Format).check(text as string)
  return new Optional(faults.length === 0 ? undefined : listFrom(faults))
}

export const formatFunctions: Bodies = {
  'format-named': ([name]) => new Optional(formats.get(name as string)),
  'format-validate': validate,
  ...Object.fromEntries(
    [...formats].map(([name, format]) => [`format.${name}`, (): Value => format]),
  ),
}
