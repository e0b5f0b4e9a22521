/** Tar archives that are the same to the byte for the same content: sorted, without times, owned by root. */

export type Entry =
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: string; readonly to: string }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly body: Buffer }

const block = 512
const types = { file: '0', link: '2', folder: '5' } as const

/** Paths are relative, without a leading slash. Folders on the way to an entry are added. */
export function tarOf(entries: readonly Entry[]): Buffer {
  const all = new Map(entries.map((entry) => [entry.path, entry]))
  for (const { path } of entries) {
    for (const folder of above(path)) {
      if (!all.has(folder)) all.set(folder, { kind: 'folder', path: folder, mode: 0o755 })
    }
  }
  const sorted = [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
  return Buffer.concat([...sorted.flatMap(partsOf), Buffer.alloc(2 * block)])
}

function above(path: string): string[] {
  const names = path.split('/').slice(0, -1)
  return names.map((_, index) => names.slice(0, index + 1).join('/'))
}

function partsOf(entry: Entry): Buffer[] {
  const path = entry.kind === 'folder' ? `${entry.path}/` : entry.path
  const long = Buffer.byteLength(path) > 100 ? paxOf(path) : []
  const body = entry.kind === 'file' ? entry.body : Buffer.alloc(0)
  return [...long, headOf(entry, path, body.length), body, paddingOf(body.length)]
}

function paddingOf(length: number): Buffer {
  return Buffer.alloc((block - (length % block)) % block)
}

/** A path that does not fit the head goes before it, in an entry of its own (POSIX.1-2001). */
function paxOf(path: string): Buffer[] {
  const text = ` path=${path}\n`
  let length = Buffer.byteLength(text)
  while (`${length}`.length + Buffer.byteLength(text) !== length) {
    length = `${length}`.length + Buffer.byteLength(text)
  }
  const body = Buffer.from(`${length}${text}`)
  const head = fields({ path: 'pax', mode: 0o644, size: body.length, type: 'x', to: '' })
  return [head, body, paddingOf(body.length)]
}

function headOf(entry: Entry, path: string, size: number): Buffer {
  return fields({
    path: Buffer.from(path).subarray(0, 100).toString('latin1'),
    mode: entry.kind === 'link' ? 0o777 : entry.mode,
    size,
    type: types[entry.kind],
    to: entry.kind === 'link' ? entry.to : '',
  })
}

type Fields = {
  readonly path: string
  readonly mode: number
  readonly size: number
  readonly type: string
  readonly to: string
}

function fields({ path, mode, size, type, to }: Fields): Buffer {
  const head = Buffer.alloc(block)
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0')
  head.write(path, 0, 100, 'latin1')
  head.write(octal(mode, 7), 100)
  head.write(octal(0, 7), 108)
  head.write(octal(0, 7), 116)
  head.write(octal(size, 11), 124)
  head.write(octal(0, 11), 136)
  head.write('        ', 148)
  head.write(type, 156)
  head.write(to, 157, 100)
  head.write('ustar\u000000', 257)
  head.write(
    `${octal(
      head.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\u0000 `,
    148,
  )
  return head
}
