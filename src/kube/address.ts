/** What an IP address is, for those who must not be led astray by one. Pure. */
import { isIP } from 'node:net'

export type AddressClass =
  | 'loopback'
  /** 169.254.0.0/16 and fe80::/10, where clouds keep their metadata services, and fd00:ec2::254. */
  | 'link-local'
  /** 0.0.0.0/8, multicast, broadcast, reserved: nothing that serves metrics. */
  | 'special'
  | 'private'
  | 'public'

/** The class of an address in any notation; undefined when it is not an IP address. */
export function classOf(address: string): AddressClass | undefined {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '')
  const version = isIP(bare)
  if (version === 4) return classOfV4(bytesOfV4(bare))
  return version === 6 ? classOfV6(groupsOf(bare)) : undefined
}

/**
 * The one way to write an address, so that two notations of it are equal. An embedded IPv4 address
 * comes out as itself.
 */
export function canonical(address: string): string {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '')
  if (isIP(bare) === 4) return bare
  if (isIP(bare) !== 6) return address.toLowerCase()
  const groups = groupsOf(bare)
  const embedded = embeddedV4(groups)
  if (embedded !== undefined) return embedded.join('.')
  return groups.map((group) => group.toString(16)).join(':')
}

/**
 * Whether an address lies in a block such as `10.0.0.0/8` or `fd00::/8`; a plain address is a block
 * of one.
 */
export function isWithin(address: string, block: string): boolean {
  const [base = '', length] = block.split('/')
  const a = bitsOf(canonical(address))
  const b = bitsOf(canonical(base))
  if (a === undefined || b === undefined || a.length !== b.length) return false
  const prefix = length === undefined ? b.length : Number(length)
  return Number.isInteger(prefix) && prefix >= 0 && a.slice(0, prefix) === b.slice(0, prefix)
}

function classOfV4([a = 0, b = 0]: readonly number[]): AddressClass {
  if (a === 127) return 'loopback'
  if (a === 169 && b === 254) return 'link-local'
  if (a === 0 || a >= 224) return 'special'
  const isPrivate =
    a === 10 ||
    (a === 172 && b >= 16 && b <= 31) ||
    (a === 192 && b === 168) ||
    (a === 100 && b >= 64 && b <= 127)
  return isPrivate ? 'private' : 'public'
}

function classOfV6(groups: readonly number[]): AddressClass {
  const embedded = embeddedV4(groups)
  if (embedded !== undefined) return classOfV4(embedded)
  const [first = 0] = groups
  const rest = groups.slice(0, 7).every((group) => group === 0)
  if (rest && groups[7] === 1) return 'loopback'
  if (rest && groups[7] === 0) return 'special'
  if ((first & 0xffc0) === 0xfe80) return 'link-local'
  // Amazon's metadata service over IPv6 hides in a private block.
  if (first === 0xfd00 && groups[1] === 0xec2 && groups[7] === 0x254) return 'link-local'
  if ((first & 0xff00) === 0xff00) return 'special'
  return (first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfec0 ? 'private' : 'public'
}

/**
 * The IPv4 address that a mapped, compatible, translated (NAT64) or tunnelled (6to4) address leads
 * to.
 */
function embeddedV4(groups: readonly number[]): readonly number[] | undefined {
  const [a, b, c, d, e, f, g = 0, h = 0] = groups
  const tail = [g >> 8, g & 0xff, h >> 8, h & 0xff]
  const zeros = a === 0 && b === 0 && c === 0 && d === 0
  if (zeros && e === 0 && f === 0xffff) return tail
  if (zeros && e === 0xffff && f === 0) return tail
  if (zeros && e === 0 && f === 0 && (g !== 0 || h > 1)) return tail
  if (a === 0x64 && b === 0xff9b && (c === 1 || (c === 0 && d === 0 && e === 0 && f === 0)))
    return tail
  if (a === 0x2002) return [(b ?? 0) >> 8, (b ?? 0) & 0xff, (c ?? 0) >> 8, (c ?? 0) & 0xff]
  return undefined
}

function bytesOfV4(address: string): readonly number[] {
  return address.split('.').map(Number)
}

function groupsOf(address: string): readonly number[] {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address)
  const text = dotted === null ? address : `${dotted[1]}${asGroups(bytesOfV4(dotted[2] ?? ''))}`
  const [head = '', tail] = text.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...Array<string>(zeros).fill('0'), ...after].map((group) =>
    parseInt(group, 16),
  )
}

function asGroups([a = 0, b = 0, c = 0, d = 0]: readonly number[]): string {
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
}

function bitsOf(address: string): string | undefined {
  const version = isIP(address)
  if (version === 0) return undefined
  const [parts, width] = version === 4 ? [bytesOfV4(address), 8] : [groupsOf(address), 16]
  return parts.map((part) => part.toString(2).padStart(width, '0')).join('')
}
