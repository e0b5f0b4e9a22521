/** Fields that a JSON text names twice: JSON.parse would silently keep the last of them. */

/** `duplicate field "spec.a"` for each. The text is known to be valid JSON; for anything else the answer is empty. */
export function duplicateKeys(text: string): string[] {
  const found: string[] = []
  const scan = new Scan(text, found)
  if (text.trimStart().startsWith('{')) scan.value('')
  return found
}

class Scan {
  private readonly text: string
  private readonly found: string[]
  private at = 0

  constructor(text: string, found: string[]) {
    this.text = text
    this.found = found
  }

  value(path: string): void {
    this.space()
    const first = this.text[this.at]
    if (first === '{') this.object(path)
    else if (first === '[') this.array(path)
    else if (first === '"') this.string()
    else
      while (this.at < this.text.length && !',]} \n\r\t'.includes(this.text[this.at] as string))
        this.at += 1
  }

  private object(path: string): void {
    const seen = new Set<string>()
    this.at += 1
    this.space()
    while (this.at < this.text.length && this.text[this.at] !== '}') {
      const key = this.string()
      const here = path === '' ? key : `${path}.${key}`
      if (seen.has(key)) this.found.push(`duplicate field ${JSON.stringify(here)}`)
      seen.add(key)
      this.space()
      this.at += 1
      this.value(here)
      this.separator()
    }
    this.at += 1
  }

  private array(path: string): void {
    this.at += 1
    this.space()
    for (let index = 0; this.at < this.text.length && this.text[this.at] !== ']'; index += 1) {
      this.value(`${path}[${index}]`)
      this.separator()
    }
    this.at += 1
  }

  private separator(): void {
    this.space()
    if (this.text[this.at] === ',') this.at += 1
    this.space()
  }

  private string(): string {
    const start = this.at + 1
    let end = this.text.indexOf('"', start)
    while (end !== -1 && this.isEscaped(end)) end = this.text.indexOf('"', end + 1)
    if (end === -1) end = this.text.length
    this.at = end + 1
    return this.text.slice(start, end)
  }

  private isEscaped(quote: number): boolean {
    let slashes = 0
    while (this.text[quote - 1 - slashes] === '\\') slashes += 1
    return slashes % 2 === 1
  }

  private space(): void {
    while (' \n\r\t'.includes(this.text[this.at] ?? '.')) this.at += 1
  }
}
