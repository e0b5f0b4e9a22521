/**
 * Reads `text/event-stream`. The browser's own EventSource cannot send an Authorization header, and a token has no place
 * in an address.
 */

export type StreamEvent = {
  readonly name: string
  readonly data: string
  /** By which a stream may go on where this one ends; left out, by the one before. */
  readonly id: string | undefined
}

/** Takes the text as it comes, in whatever pieces; hands on each event once it is whole. */
export function eventReader(heard: (event: StreamEvent) => void): (piece: string) => void {
  let rest = ''
  let name = ''
  let id: string | undefined
  let data: string[] = []
  const line = (text: string): void => {
    if (text === '') {
      if (data.length > 0)
        heard({ name: name === '' ? 'message' : name, data: data.join('\n'), id })
      name = ''
      id = undefined
      data = []
      return
    }
    // A line that begins with a colon is a comment, sent to keep the connection open.
    const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(text) ?? []
    if (field === 'event') name = value
    if (field === 'data') data.push(value)
    if (field === 'id') id = value
  }
  return (piece) => {
    const lines = (rest + piece).split(/\r?\n/)
    rest = lines.pop() ?? ''
    lines.forEach(line)
  }
}
