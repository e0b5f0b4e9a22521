/**
 * The original's command line (A01–A03), in Go's manner: one dash or two, `-name value` or `-name=value`, no command.
 * It becomes that of `headgate controller`.
 */

export type OldFlags = {
  /** For the command line of today. */
  readonly words: readonly string[]
  /** The API server that `-kubernetes` named, and who asks. */
  readonly server: string | undefined
  readonly username: string | undefined
  readonly password: string | undefined
}

const texts: Readonly<Record<string, string | undefined>> = {
  etcd: '--deployer-etcd',
  timeout: '--deployer-timeout',
  proxysleep: '--deployer-proxysleep',
  // Handled on their own.
  kubernetes: undefined,
  deployport: undefined,
  kubernetesusername: undefined,
  kubernetespassword: undefined,
}
const switches: Readonly<Record<string, string>> = {
  skipServerCertValidation: '--deployer-skip-server-cert-validation',
}

/**
 * Undefined where it is not the original's command line: it begins with one of its flags. What it listened on is kept:
 * all addresses, port 8000; who is let in has to be said as before, which is everybody.
 * @throws Error with a sentence about a flag that nobody knows, or that lacks its value.
 */
export function oldFlags(words: readonly string[]): OldFlags | undefined {
  const [first = ''] = words
  if (nameOf(first) === undefined) return undefined
  const given = new Map<string, string>()
  const out: string[] = []
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? ''
    const name = nameOf(word)
    // Options of today may follow.
    if (name === undefined) {
      out.push(word)
      continue
    }
    const equals = word.indexOf('=')
    const own = equals < 0 ? undefined : word.slice(equals + 1)
    const isSwitch = switches[name] !== undefined
    if (isSwitch) {
      if (own !== 'false') out.push(switches[name] as string)
      continue
    }
    const value = own ?? words[index + 1]
    if (own === undefined) index += 1
    if (value === undefined) throw new Error(`-${name} needs a value`)
    given.set(name, value)
  }
  return assembled(given, out)
}

function nameOf(word: string): string | undefined {
  const [, name = ''] = /^--?([A-Za-z]+)(=|$)/.exec(word) ?? []
  return Object.hasOwn(texts, name) || Object.hasOwn(switches, name) ? name : undefined
}

function assembled(given: ReadonlyMap<string, string>, rest: readonly string[]): OldFlags {
  const server = given.get('kubernetes')
  if (server === undefined) throw new Error('-kubernetes is missing: the address of the API server')
  const translated = [...given].flatMap(([name, value]) => {
    const option = texts[name]
    return option === undefined ? [] : [option, value]
  })
  const port = given.get('deployport') ?? '8000'
  const says = (option: string): boolean => rest.some((word) => word.split('=')[0] === option)
  return {
    words: [
      'controller',
      ...translated,
      ...(says('--deployer-address') ? [] : ['--deployer-address', `0.0.0.0:${port}`]),
      ...(says('--deployer-auth') ? [] : ['--deployer-auth', 'none']),
      ...rest,
    ],
    server,
    username: given.get('kubernetesusername'),
    password: given.get('kubernetespassword'),
  }
}
