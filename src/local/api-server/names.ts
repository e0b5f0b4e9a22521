/** Which names Kubernetes takes, and its sentences for those it does not. */

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const label1123 = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const label1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/

const subdomainError =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const labelError =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const label1035Error =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
const qualifiedError =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const labelValueError =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

const tooLong = (max: number): string => `must be no more than ${max} characters`

/** A generated name is checked before its end is known, so a prefix may end in a dash. */
function masked(name: string, generated: boolean): string {
  return generated && name.endsWith('-') ? `${name.slice(0, -1)}a` : name
}

function check(name: string, max: number, pattern: RegExp, error: string): string[] {
  const problems: string[] = []
  if (name.length > max) problems.push(tooLong(max))
  if (!pattern.test(name)) problems.push(error)
  return problems
}

export function subdomainName(name: string, generated = false): string[] {
  return check(masked(name, generated), 253, subdomain, subdomainError)
}

export function labelName(name: string, generated = false): string[] {
  return check(masked(name, generated), 63, label1123, labelError)
}

export function label1035Name(name: string, generated = false): string[] {
  return check(masked(name, generated), 63, label1035, label1035Error)
}

/** Any name that can stand in a path. */
export function pathSegmentName(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`]
  return ['/', '%'].filter((bad) => name.includes(bad)).map((bad) => `may not contain '${bad}'`)
}

const namePart = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/

/** `prefix/name`, as label and annotation keys and finalizers are. */
export function qualifiedName(key: string): string[] {
  const parts = key.split('/')
  const name = parts.at(-1) as string
  const problems: string[] = []
  if (parts.length > 2) {
    return [
      `a qualified name ${qualifiedError.replace('name part must', 'must')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  }
  if (parts.length === 2) {
    const prefix = parts[0] as string
    if (prefix === '') problems.push('prefix part must be non-empty')
    else problems.push(...subdomainName(prefix).map((text) => `prefix part ${text}`))
  }
  if (name === '') problems.push('name part must be non-empty')
  else if (name.length > 63) problems.push(`name part ${tooLong(63)}`)
  if (!namePart.test(name)) problems.push(qualifiedError)
  return problems
}

export function labelValue(value: string): string[] {
  const problems: string[] = []
  if (value.length > 63) problems.push(tooLong(63))
  if (value !== '' && !namePart.test(value)) problems.push(labelValueError)
  return problems
}
