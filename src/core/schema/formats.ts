/** The string formats that structural schemas know. Dashes do not count: `date-time` is `datetime`. */

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const ipv4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`)
const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i
const hostname =
  /^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$/u
const dateTime =
  /^(\d{4})-(\d\d)-(\d\d)[tT](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[zZ]|[+-](\d\d):?(\d\d))$/
const goDuration = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/
const wordDuration =
  /^(?:\d+(?:\.\d*)?\s*(?:w|d|h|m|s|ms|us|µs|ns|weeks?|days?|hours?|hr?s?|minutes?|mins?|seconds?|secs?|milli(?:seconds?)?|micro(?:seconds?)?|nano(?:seconds?)?)\s*)+$/i

type Check = (text: string) => boolean

const checks: Readonly<Record<string, Check>> = {
  datetime: isDateTime,
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text) && isDateTime(`${text}T00:00:00Z`),
  duration: (text) => text === '0' || goDuration.test(text) || wordDuration.test(text),
  email: (text) => /^[^\s@<>]+@[^\s@<>]+$/.test(text),
  hostname: (text) => hostname.test(text) && text.split('.').every((part) => part.length <= 63),
  ipv4: (text) => ipv4.test(text),
  ipv6: isIpv6,
  cidr: isCidr,
  mac: (text) => /^([0-9a-fA-F]{2}([:-]))(?:[0-9a-fA-F]{2}\2){4}[0-9a-fA-F]{2}$/.test(text),
  uri: (text) => /^(?:[a-zA-Z][a-zA-Z0-9+.-]*:|\/)[^\s<>"{}|\\^`]*$/.test(text),
  uuid: (text) => uuid.test(text),
  uuid3: (text) => uuid.test(text) && text.replaceAll('-', '')[12] === '3',
  uuid4: (text) => uuid.test(text) && /^.{12}4.{3}[89abAB]/.test(text.replaceAll('-', '')),
  uuid5: (text) => uuid.test(text) && /^.{12}5.{3}[89abAB]/.test(text.replaceAll('-', '')),
  byte: (text) => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text),
  hexcolor: (text) => /^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(text),
  k8sshortname: (text) => text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text),
  k8slongname: (text) =>
    text.length <= 253 &&
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text),
}

/** False only for a text that breaks a format which is known. */
export function hasFormat(format: string, text: string): boolean {
  const name = format.replaceAll('-', '')
  const check = Object.hasOwn(checks, name) ? checks[name] : undefined
  return check === undefined || check(text)
}

const days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

function isDateTime(text: string): boolean {
  const match = dateTime.exec(text)
  if (match === null) return false
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map(Number)
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const last = (days[month - 1] ?? 0) + (leap ? 1 : 0)
  return day >= 1 && day <= last && hour <= 23 && minute <= 59 && second <= 59
}

function isIpv6(text: string): boolean {
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(':')) return false
  const halves = text.split('::')
  if (halves.length > 2) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  const tail = groups.at(-1) ?? ''
  const v4 = tail.includes('.')
  if (v4 && !ipv4.test(tail)) return false
  const hex = v4 ? groups.slice(0, -1) : groups
  if (!hex.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false
  const size = hex.length + (v4 ? 2 : 0)
  return halves.length === 2 ? size < 8 : size === 8
}

function isCidr(text: string): boolean {
  const [address = '', bits = ''] = text.split('/')
  if (!/^\d{1,3}$/.test(bits) || text.split('/').length !== 2) return false
  return ipv4.test(address) ? Number(bits) <= 32 : isIpv6(address) && Number(bits) <= 128
}
