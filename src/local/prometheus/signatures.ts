/** The functions that are evaluated: what they take and what they return. */
import type { ValueType } from './ast.ts'

export type Signature = {
  readonly args: readonly ValueType[]
  /** How many of the last arguments may be left out. */
  readonly optional: number
  readonly returns: ValueType
}

const signature = (args: readonly ValueType[], returns: ValueType, optional = 0): Signature => ({
  args,
  returns,
  optional,
})
const overRange = signature(['matrix'], 'vector')
const overVector = signature(['vector'], 'vector')

export const signatures: Readonly<Record<string, Signature>> = {
  rate: overRange,
  irate: overRange,
  increase: overRange,
  delta: overRange,
  abs: overVector,
  ceil: overVector,
  floor: overVector,
  round: signature(['vector', 'scalar'], 'vector', 1),
  clamp: signature(['vector', 'scalar', 'scalar'], 'vector'),
  clamp_min: signature(['vector', 'scalar'], 'vector'),
  clamp_max: signature(['vector', 'scalar'], 'vector'),
  absent: overVector,
  vector: signature(['scalar'], 'vector'),
  scalar: signature(['vector'], 'scalar'),
  time: signature([], 'scalar'),
  timestamp: overVector,
  histogram_quantile: signature(['scalar', 'vector'], 'vector'),
}
