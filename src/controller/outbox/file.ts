/**
 * Tells transitions as lines of JSON in a file. It is bounded: where a line does not fit any more, the file becomes
 * FILE.1, what was FILE.1 becomes FILE.2, and the oldest goes.
 */
import { open, rename, rm, stat } from 'node:fs/promises'
import { delivered, type Outcome, type Sink } from './sink.ts'

export type FileSinkOptions = {
  readonly path: string
  /** Bytes of one file. A line that is longer has a file of its own. */
  readonly maxBytes: number
  /** Earlier files that are kept. */
  readonly kept: number
}

export function fileSink(options: FileSinkOptions): Sink {
  return {
    name: 'file',
    // Lines keep their order, and rotation has nobody beside it.
    atOnce: 1,
    attempts: ({ file }) => file.map((message) => () => attempt(options, message)),
  }
}

async function attempt(options: FileSinkOptions, message: unknown): Promise<Outcome> {
  try {
    await append(options, `${JSON.stringify(message)}\n`)
    return delivered
  } catch (error) {
    return { kind: 'later', why: error instanceof Error ? error.message : 'cannot be written' }
  }
}

async function append({ path, maxBytes, kept }: FileSinkOptions, line: string): Promise<void> {
  const size = await sizeOf(path)
  if (size > 0 && size + Buffer.byteLength(line) > maxBytes) await rotate(path, kept)
  const file = await open(path, 'a+', 0o600)
  try {
    const torn = await endsMidLine(file)
    await file.write(torn ? `\n${line}` : line)
    // An acknowledged event is never told again: it has to be on the disk first.
    await file.datasync()
  } finally {
    await file.close()
  }
}

async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

/** A process that died while it wrote leaves half a line: the next one begins on its own. */
async function endsMidLine(file: Awaited<ReturnType<typeof open>>): Promise<boolean> {
  const { size } = await file.stat()
  if (size === 0) return false
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer[0] !== 0x0a
}

async function rotate(path: string, kept: number): Promise<void> {
  if (kept === 0) return await rm(path, { force: true })
  for (let number = kept - 1; number >= 1; number -= 1)
    await rename(`${path}.${number}`, `${path}.${number + 1}`).catch(ignoreMissing)
  await rename(path, `${path}.1`)
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}
