/** Quantities (`500m`, `1Gi`) in the canonical form a server writes them back in. */

const pattern = /^([+-]?)(\d*)(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d+)?$/
const decimals = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
])
const suffixes = [...decimals].map(([suffix, exponent]) => ({ suffix, exponent }))
const binaries = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']

export const quantityError =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

/** The canonical form, or undefined for a text that is no quantity. Finer than a nano is rounded up. */
export function canonicalQuantity(text: string): string | undefined {
  const parsed = parse(text)
  if (parsed === undefined) return undefined
  const { nanos, form } = parsed
  if (nanos === 0n) return '0'
  const sign = nanos < 0n ? '-' : ''
  const size = nanos < 0n ? -nanos : nanos
  return sign + (form === 'binary' ? binaryForm(size) : decimalForm(size, form === 'exponent'))
}

/** Thousandths of one, rounded up: CPU in millicores, memory in thousandths of a byte. */
export function milliValue(text: string): bigint | undefined {
  const parsed = parse(text)
  if (parsed === undefined) return undefined
  return (parsed.nanos + (parsed.nanos > 0n ? 999_999n : 0n)) / 1_000_000n
}

/** Billionths of one, rounded up; undefined for a text that is no quantity. */
export function nanoValue(text: string): bigint | undefined {
  return parse(text)?.nanos
}

type Form = 'decimal' | 'binary' | 'exponent'

function parse(text: string): { nanos: bigint; form: Form } | undefined {
  const match = pattern.exec(text)
  if (match === null) return undefined
  const [, sign, whole = '', fraction = '', suffix = ''] = match
  if (whole === '' && fraction === '') return undefined
  const binary = binaries.indexOf(suffix)
  const digits = BigInt(`${whole}${fraction}` || '0')
  const form = binary > 0 ? 'binary' : /^[eE]./.test(suffix) ? 'exponent' : 'decimal'
  const exponent = form === 'exponent' ? Number(suffix.slice(1)) : (decimals.get(suffix) ?? 0)
  if (Math.abs(exponent) > 40) return undefined
  const scaled = binary > 0 ? digits * 1024n ** BigInt(binary) : digits
  const nanos = shift(scaled, 9 - fraction.length + (binary > 0 ? 0 : exponent))
  return { nanos: sign === '-' ? -nanos : nanos, form }
}

/** value × 10^by, rounded up when digits are lost. */
function shift(value: bigint, by: number): bigint {
  if (by >= 0) return value * 10n ** BigInt(by)
  const divisor = 10n ** BigInt(-by)
  return (value + divisor - 1n) / divisor
}

function decimalForm(nanos: bigint, exponentForm: boolean): string {
  let best = { suffix: 'n', exponent: -9 }
  for (const candidate of suffixes) {
    if (nanos % 10n ** BigInt(candidate.exponent + 9) === 0n) best = candidate
  }
  const number = nanos / 10n ** BigInt(best.exponent + 9)
  if (!exponentForm) return `${number}${best.suffix}`
  return best.exponent === 0 ? `${number}` : `${number}e${best.exponent}`
}

function binaryForm(nanos: bigint): string {
  const one = 1_000_000_000n
  if (nanos % one !== 0n || nanos < 1024n * one) return decimalForm(nanos, false)
  let value = nanos / one
  let index = 0
  while (index < binaries.length - 1 && value % 1024n === 0n) {
    value /= 1024n
    index += 1
  }
  return `${value}${binaries[index]}`
}
