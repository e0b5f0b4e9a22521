/** What is answered instead of what was asked (A37): plain text that ends with a newline; 404 has no body. */

export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export const badRequest = (message: string): Refusal => new Refusal(400, message)
export const notFound = (): Refusal => new Refusal(404, '')
export const conflict = (message: string): Refusal => new Refusal(409, message)
export const outdated = (): Refusal =>
  new Refusal(412, 'somebody changed it meanwhile; read it again and repeat')
