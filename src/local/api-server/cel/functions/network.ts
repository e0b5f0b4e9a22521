/** IP addresses and ranges of them. */
import type { Bodies } from '../functions.ts'
import { EvalError, Extension, noOverload, type Value } from '../values.ts'

class Address extends Extension {
  readonly typeName = 'net.IP'
  readonly bytes: readonly number[]

  constructor(bytes: readonly number[]) {
    super()
    this.bytes = bytes
  }

  get size(): number {
    return this.bytes.length
  }

  equals(other: Extension): boolean {
    return other instanceof Address && this.toString() === other.toString()
  }

  override toString(): string {
    return this.bytes.length === 4 ? this.bytes.join('.') : shownLong(this.bytes)
  }
}

class Range extends Extension {
  readonly typeName = 'net.CIDR'
  readonly address: Address
  readonly bits: number

  constructor(address: Address, bits: number) {
    super()
    this.address = address
    this.bits = bits
  }

  get size(): number {
    return Math.ceil(this.bits / 8)
  }

  equals(other: Extension): boolean {
    return other instanceof Range && this.toString() === other.toString()
  }

  override toString(): string {
    return `${this.address}/${this.bits}`
  }

  masked(): Range {
    const bytes = this.address.bytes.map((byte, index) => byte & maskOf(this.bits - index * 8))
    return new Range(new Address(bytes), this.bits)
  }

  contains({ bytes }: Address): boolean {
    const mine = this.address.bytes
    if (bytes.length !== mine.length) return false
    return mine.every((byte, index) => {
      const mask = maskOf(this.bits - index * 8)
      return (byte & mask) === ((bytes[index] as number) & mask)
    })
  }
}

function maskOf(bits: number): number {
  if (bits >= 8) return 255
  return bits <= 0 ? 0 : (255 << (8 - bits)) & 255
}

/** The longest run of zeros is left out, as RFC 5952 wants it. */
function shownLong(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((((bytes[index * 2] as number) << 8) | (bytes[index * 2 + 1] as number)) >>> 0).toString(16),
  )
  let [best, length] = [-1, 1]
  for (let start = 0; start < 8; start += 1) {
    let end = start
    while (groups[end] === '0') end += 1
    if (end - start > length) [best, length] = [start, end - start]
  }
  if (best === -1) return groups.join(':')
  return `${groups.slice(0, best).join(':')}::${groups.slice(best + length).join(':')}`
}

/** The bytes, or what Go says of a text that is no address. */
function parsed(text: string): readonly number[] | string {
  const fault = (why: string): string => `ParseAddr(${JSON.stringify(text)}): ${why}`
  for (const character of text) {
    if (character === '.') return parsedShort(text, fault)
    if (character === ':') return parsedLong(text, fault)
    if (character === '%') return fault('missing IPv6 address')
  }
  return fault('unable to parse IP')
}

type FaultOf = (why: string) => string

function parsedShort(text: string, fault: FaultOf): readonly number[] | string {
  const parts = text.split('.')
  for (const part of parts) {
    if (part === '') return fault('IPv4 field must have at least one digit')
    if (!/^\d+$/.test(part)) return fault('unexpected character (at ' + JSON.stringify(part) + ')')
    if (part.length > 1 && part.startsWith('0'))
      return fault('IPv4 field has octet with leading zero')
    if (Number(part) > 255) return fault('IPv4 field has value >255')
  }
  if (parts.length < 4) return fault('IPv4 address too short')
  return parts.length > 4 ? fault('IPv4 address too long') : parts.map(Number)
}

function parsedLong(text: string, fault: FaultOf): readonly number[] | string {
  const halves = text.split('::')
  if (halves.length > 2) return fault('multiple :: in address')
  const sides = halves.map((half) => (half === '' ? [] : half.split(':')))
  const bytes: number[][] = []
  for (const side of sides) {
    const found: number[] = []
    for (const [index, group] of side.entries()) {
      if (group.includes('.') && index === side.length - 1) {
        const tail = parsedShort(group, fault)
        if (typeof tail === 'string') return tail
        found.push(...tail)
      } else if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
        const value = Number.parseInt(group, 16)
        found.push(value >> 8, value & 255)
      } else if (group === '') return fault('colon must be followed by more characters')
      else
        return fault(
          `each colon-separated field must have at least one digit (at ${JSON.stringify(group)})`,
        )
    }
    bytes.push(found)
  }
  const [head = [], tail] = bytes
  const missing = 16 - head.length - (tail?.length ?? 0)
  if (tail === undefined) {
    if (missing > 0) return fault('address string too short')
    return missing < 0 ? fault('trailing garbage after address') : head
  }
  if (missing < 2) return fault('the :: must expand to at least one field of zeros')
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail]
}

function isMapped(bytes: readonly number[]): boolean {
  return (
    bytes.length === 16 &&
    bytes.slice(0, 10).every((byte) => byte === 0) &&
    bytes[10] === 255 &&
    bytes[11] === 255
  )
}

/** Throws an EvalError. */
function addressOf(text: string): Address {
  const zone = text.indexOf('%')
  const bytes = parsed(zone === -1 ? text : text.slice(0, zone))
  if (typeof bytes === 'string') {
    throw new EvalError(
      `IP Address ${JSON.stringify(text)} parse error during conversion from string: ${bytes}`,
    )
  }
  if (zone !== -1)
    throw new EvalError(`IP address ${JSON.stringify(text)} with zone value is not allowed`)
  if (isMapped(bytes)) {
    throw new EvalError(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`)
  }
  return new Address(bytes)
}

const conversion = 'network address parse error during conversion from string'

/** Throws an EvalError. */
function rangeOf(text: string): Range {
  const bad = (why: string): EvalError =>
    new EvalError(
      `${conversion}: ${conversion}: netip.ParsePrefix(${JSON.stringify(text)}): ${why}`,
    )
  const slash = text.lastIndexOf('/')
  if (slash === -1) throw bad("no '/'")
  const bytes = parsed(text.slice(0, slash))
  if (typeof bytes === 'string') throw bad(bytes)
  const bits = text.slice(slash + 1)
  if (!/^(0|[1-9]\d*)$/.test(bits)) throw bad(`bad bits after slash: ${JSON.stringify(bits)}`)
  if (Number(bits) > bytes.length * 8) throw bad('prefix length out of range')
  if (isMapped(bytes)) {
    throw new EvalError(
      `${conversion}: IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`,
    )
  }
  return new Range(new Address(bytes), Number(bits))
}

/** Here a text that cannot be read counts as a value of the wrong type. */
function readable<T>(read: (text: string) => T, text: Value | undefined): T {
  try {
    return read(text as string)
  } catch (error) {
    throw error instanceof EvalError ? noOverload() : error
  }
}

function works(read: (text: string) => unknown): (args: readonly Value[]) => Value {
  return ([text]) => {
    try {
      read(text as string)
      return true
    } catch (error) {
      if (error instanceof EvalError) return false
      throw error
    }
  }
}

/** A question about the bytes of an address. */
function about(test: (bytes: readonly number[]) => boolean): (args: readonly Value[]) => Value {
  return ([address]) => test((address as Address).bytes)
}

const first = (bytes: readonly number[]): number => bytes[0] as number
const second = (bytes: readonly number[]): number => bytes[1] as number
const isShort = (bytes: readonly number[]): boolean => bytes.length === 4
const isUnspecified = (bytes: readonly number[]): boolean => bytes.every((byte) => byte === 0)
const isLoopback = (bytes: readonly number[]): boolean =>
  isShort(bytes) ? first(bytes) === 127 : bytes.every((byte, at) => byte === (at === 15 ? 1 : 0))
const isLinkLocalUnicast = (bytes: readonly number[]): boolean =>
  isShort(bytes)
    ? first(bytes) === 169 && second(bytes) === 254
    : first(bytes) === 254 && (second(bytes) & 192) === 128
const isLinkLocalMulticast = (bytes: readonly number[]): boolean =>
  isShort(bytes)
    ? first(bytes) === 224 && second(bytes) === 0 && bytes[2] === 0
    : first(bytes) === 255 && (second(bytes) & 15) === 2
const isMulticast = (bytes: readonly number[]): boolean =>
  isShort(bytes) ? (first(bytes) & 240) === 224 : first(bytes) === 255
const isGlobalUnicast = (bytes: readonly number[]): boolean =>
  !(isShort(bytes) && bytes.every((byte) => byte === 255)) &&
  !isUnspecified(bytes) &&
  !isLoopback(bytes) &&
  !isMulticast(bytes) &&
  !isLinkLocalUnicast(bytes)

const contains = (range: Value | undefined, address: Address): boolean =>
  (range as Range).contains(address)
const covers = (range: Value | undefined, other: Range): boolean =>
  (range as Range).bits <= other.bits && contains(range, other.address)

export const networkFunctions: Bodies = {
  string_to_ip: ([text]) => addressOf(text as string),
  ip_to_string: ([address]) => String(address),
  is_ip: works(addressOf),
  ip_is_canonical: ([text]) => String(addressOf(text as string)) === text,
  ip_family: ([address]) => ((address as Address).bytes.length === 4 ? 4n : 6n),
  ip_is_unspecified: about(isUnspecified),
  ip_is_loopback: about(isLoopback),
  ip_is_link_local_multicast: about(isLinkLocalMulticast),
  ip_is_link_local_unicast: about(isLinkLocalUnicast),
  ip_is_global_unicast: about(isGlobalUnicast),
  string_to_cidr: ([text]) => rangeOf(text as string),
  cidr_to_string: ([range]) => String(range),
  is_cidr: works(rangeOf),
  cidr_contains_ip_ip: ([range, address]) => contains(range, address as Address),
  cidr_contains_ip_string: ([range, text]) => contains(range, readable(addressOf, text)),
  cidr_contains_cidr: ([range, other]) => covers(range, other as Range),
  cidr_contains_cidr_string: ([range, text]) => covers(range, readable(rangeOf, text)),
  cidr_ip: ([range]) => (range as Range).address,
  cidr_prefix_length: ([range]) => BigInt((range as Range).bits),
  cidr_masked: ([range]) => (range as Range).masked(),
}
