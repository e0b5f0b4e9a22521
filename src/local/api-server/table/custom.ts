/** The columns of custom kinds: a name, what the definition lists, or an age. */
import type { Value } from '#core/schema/json.ts'
import type { PrinterColumn } from '../resource.ts'
import { ageColumn, type Column, nameColumn } from './column.ts'
import { humanDuration } from './format.ts'
import { select } from './json-path.ts'

export function customColumns(columns: readonly PrinterColumn[]): Column[] {
  if (columns.length === 0) return [nameColumn(), { ...ageColumn(), type: 'date' }]
  return [nameColumn(), ...columns.map(customColumn)]
}

function customColumn({
  name,
  type,
  jsonPath,
  description,
  format,
  priority,
}: PrinterColumn): Column {
  return {
    name,
    type,
    format: format ?? '',
    description:
      description ?? `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority: priority ?? 0,
    cell: (object, now) => cellOf(select(jsonPath, object) ?? [], type, now),
  }
}

function cellOf(found: readonly Value[], type: string, now: number): Value {
  const [first] = found
  if (first === undefined || first === null) return null
  switch (type) {
    case 'integer':
      return typeof first === 'number' ? Math.trunc(first) : null
    case 'number':
      return typeof first === 'number' ? first : null
    case 'boolean':
      return typeof first === 'boolean' ? first : null
    case 'date': {
      const instant = Date.parse(String(first))
      return Number.isNaN(instant) ? '<invalid>' : humanDuration(now - instant)
    }
    default:
      return found.map(goText).join(' ')
  }
}

/** Texts as they are; everything else the way JSON writes it. */
function goText(value: Value): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
