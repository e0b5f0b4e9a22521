/** What Go's JSON reader says of a text that is no JSON. Only called when a text has turned out not to be any. */

/** The sentence, or undefined when the text is JSON after all. */
export function jsonFault(text: string | Uint8Array): string | undefined {
  try {
    // It reads bytes, and shows one that it did not expect as if it were a character.
    const reader = new Reader(Buffer.from(text as string).toString('latin1'))
    reader.value()
    reader.blank()
    if (reader.next() !== '') reader.refuse('after top-level value', reader.next())
    return undefined
  } catch (error) {
    if (error instanceof Fault) return error.message
    throw error
  }
}

/** The name Go's reader has for the type of a value. */
export function jsonType(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

class Fault extends Error {}

const simple = 'bfnrt'

function shown(character: string): string {
  if (character === "'") return "'\\''"
  if (character === '"') return `'"'`
  const quoted = JSON.stringify(character)
    .slice(1, -1)
    .replace(/[\u007f-\u00a0\u00ad]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)
  return `'${quoted}'`
}

class Reader {
  private readonly text: string
  private at = 0

  constructor(text: string) {
    this.text = text
  }

  next(): string {
    const point = this.text.codePointAt(this.at)
    return point === undefined ? '' : String.fromCodePoint(point)
  }

  refuse(why: string, character: string): never {
    if (character === '') throw new Fault('unexpected end of JSON input')
    throw new Fault(`invalid character ${shown(character)} ${why}`)
  }

  blank(): void {
    while (this.next() !== '' && ' \t\r\n'.includes(this.next())) this.at += 1
  }

  value(): void {
    this.blank()
    const first = this.next()
    switch (first) {
      case '{':
        return this.object()
      case '[':
        return this.list()
      case '"':
        return this.string()
      case 't':
        return this.literal('true')
      case 'f':
        return this.literal('false')
      case 'n':
        return this.literal('null')
      default:
        if (/^[-0-9]$/.test(first)) return this.number()
        this.refuse('looking for beginning of value', first)
    }
  }

  private object(): void {
    this.at += 1
    this.blank()
    if (this.next() === '}') {
      this.at += 1
      return
    }
    for (;;) {
      this.blank()
      if (this.next() !== '"')
        this.refuse('looking for beginning of object key string', this.next())
      this.string()
      this.blank()
      if (this.next() !== ':') this.refuse('after object key', this.next())
      this.at += 1
      this.value()
      if (this.ends('}', 'after object key:value pair')) return
    }
  }

  private list(): void {
    this.at += 1
    this.blank()
    if (this.next() === ']') {
      this.at += 1
      return
    }
    for (;;) {
      this.value()
      if (this.ends(']', 'after array element')) return
    }
  }

  /** True at the closing bracket, false at a comma. */
  private ends(closing: string, why: string): boolean {
    this.blank()
    const found = this.next()
    if (found !== closing && found !== ',') this.refuse(why, found)
    this.at += 1
    return found === closing
  }

  private literal(word: string): void {
    for (const wanted of word) {
      const found = this.next()
      if (found !== wanted) this.refuse(`in literal ${word} (expecting '${wanted}')`, found)
      this.at += 1
    }
  }

  private string(): void {
    this.at += 1
    for (;;) {
      const found = this.next()
      if (found === '' || found < ' ') this.refuse('in string literal', found)
      this.at += found.length
      if (found === '"') return
      if (found === '\\') this.escape()
    }
  }

  private escape(): void {
    const found = this.next()
    if (found === 'u') {
      this.at += 1
      for (let count = 0; count < 4; count += 1) {
        if (!/^[0-9a-fA-F]$/.test(this.next())) {
          this.refuse('in \\u hexadecimal character escape', this.next())
        }
        this.at += 1
      }
      return
    }
    if (found === '' || !`${simple}"\\/`.includes(found)) {
      this.refuse('in string escape code', found)
    }
    this.at += 1
  }

  private number(): void {
    if (this.next() === '-') this.at += 1
    if (this.next() === '0') this.at += 1
    else this.digits('in numeric literal')
    if (this.next() === '.') {
      this.at += 1
      this.digits('after decimal point in numeric literal')
    }
    if (this.next() !== '' && 'eE'.includes(this.next())) {
      this.at += 1
      if (this.next() !== '' && '+-'.includes(this.next())) this.at += 1
      this.digits('in exponent of numeric literal')
    }
  }

  private digits(why: string): void {
    if (!/^\d$/.test(this.next())) this.refuse(why, this.next())
    while (/^\d$/.test(this.next())) this.at += 1
  }
}
