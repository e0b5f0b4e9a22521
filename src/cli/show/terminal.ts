/** Where a command's words go: whether somebody reads them on a terminal, how wide it is, and whether it takes colours. */
import { styleText } from 'node:util'

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold'

export type Paint = (colour: Colour, text: string) => string

/** Where nothing is coloured. */
export const unpainted: Paint = (_colour, text) => text

export type Terminal = {
  readonly isTerminal: boolean
  /** Characters a line; undefined where nobody's eye is the limit. */
  readonly width: number | undefined
  readonly paint: Paint
  readonly write: (text: string) => void
}

type Environment = Readonly<Record<string, string | undefined>>

/** Colours only on a terminal, and not where NO_COLOR says anything. */
export function terminalOf(stream: NodeJS.WriteStream, env: Environment = process.env): Terminal {
  const isTerminal = stream.isTTY === true
  const coloured = isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  return {
    isTerminal,
    width: isTerminal ? stream.columns : undefined,
    paint: (colour, text) => (coloured ? styleText(colour, text, { validateStream: false }) : text),
    write: (text) => void stream.write(text),
  }
}

/** What control characters in names and messages must not do to a terminal: they are shown, not obeyed. */
export function harmless(text: string): string {
  return text.replace(
    /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (letter) => `\\u${(letter.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  )
}

const colours = new RegExp(`(${'\x1b'}\\[[\\d;]*m)`)

/** One line, cut at the terminal's edge; colours take no room. */
export function fitted(line: string, width: number | undefined): string {
  if (width === undefined) return line
  const parts = line.split(colours)
  const length = parts.reduce((sum, part, index) => sum + (index % 2 === 0 ? part.length : 0), 0)
  if (length <= width) return line
  let room = Math.max(0, width - 1)
  const kept = parts.map((part, index) => {
    if (index % 2 === 1) return part
    const text = part.slice(0, room)
    room -= text.length
    return text
  })
  return `${kept.join('')}…`
}
