/** kubectl's flags for finding a cluster may stand before the verb: `headgate -n shop get`. */
import { Command, type Option } from 'commander'
import { withClusterOptions } from './release-commands.ts'

/** The same words with such flags behind the others, where every command looks for them. */
export function leadingLast(words: readonly string[]): readonly string[] {
  const { flags, rest } = leading(words)
  // Without a verb they say nothing, and the help is shown.
  if (rest.length === 0) return []
  const end = rest.indexOf('--')
  const [own, literal] = end < 0 ? [rest, []] : [rest.slice(0, end), rest.slice(end)]
  return [...own, ...flags, ...literal]
}

/** The same for a line of which the last word is being written: what precedes it. */
export function leadingLastIn(before: readonly string[]): readonly string[] {
  const { flags, rest } = leading(before)
  if (rest.length > 0) return [...rest, ...flags]
  // Without a verb yet, a verb is being written, or the value of a flag: any command knows what that may be.
  return isWaiting(flags) ? ['get', ...flags] : []
}

function leading(words: readonly string[]): {
  readonly flags: readonly string[]
  readonly rest: readonly string[]
} {
  let at = 0
  while (words[at]?.startsWith('-') === true) {
    const option = optionOf(words[at] ?? '')
    if (option === undefined) break
    at += takesNext(option, words[at] ?? '') ? 2 : 1
  }
  return { flags: words.slice(0, at), rest: words.slice(at) }
}

function optionOf(word: string): Option | undefined {
  const known = withClusterOptions(new Command()).options
  return known.find(({ short, long }) => word === short || word.split('=')[0] === long)
}

function takesNext({ required }: Option, word: string): boolean {
  return required && !word.includes('=')
}

function isWaiting(flags: readonly string[]): boolean {
  const word = flags.at(-1) ?? ''
  const last = optionOf(word)
  return last !== undefined && takesNext(last, word)
}
