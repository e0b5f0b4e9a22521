/** Literals as they stand in an expression. */

/** An unsigned integer; only they need a wrapping to be told from signed ones. */
export class Uint {
  readonly value: bigint

  constructor(value: bigint) {
    this.value = value
  }
}

export type Literal = null | boolean | bigint | number | string | Uint | Uint8Array
