/** Request bodies, never more of them than a limit. */
import type { IncomingMessage } from 'node:http'

export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge'
  readonly limitBytes: number

  constructor(limitBytes: number) {
    super(`the body is larger than ${limitBytes} bytes, which is as much as is taken`)
    this.limitBytes = limitBytes
  }
}

/** Whether a request brings a body at all, as its headers say. */
export function hasBody({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  if (headers['transfer-encoding'] !== undefined) return true
  return (headers['content-length'] ?? '0') !== '0'
}

/**
 * The whole body. A longer one is refused by its declared length before any of it is read, or as soon as the limit is
 * passed; the request is not destroyed, so that it can be answered, best with `connection: close`.
 * @throws BodyTooLarge; Error when the connection breaks.
 */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes)
    return Promise.reject(new BodyTooLarge(limitBytes))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const settle = (act: () => void): void => {
      request.off('data', take).off('end', whole).off('error', broken).off('close', cut)
      act()
    }
    const take = (chunk: Buffer): void => {
      bytes += chunk.length
      if (bytes <= limitBytes) return void chunks.push(chunk)
      request.pause()
      settle(() => reject(new BodyTooLarge(limitBytes)))
    }
    const whole = (): void => settle(() => resolve(Buffer.concat(chunks)))
    const broken = (error: Error): void => settle(() => reject(error))
    const cut = (): void =>
      settle(() => reject(new Error('the connection ended before the body was complete')))
    request.on('data', take).once('end', whole).once('error', broken).once('close', cut)
  })
}
