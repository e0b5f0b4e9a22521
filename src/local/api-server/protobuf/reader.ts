/** Reads the wire format of protocol buffers: fields in the order they stand, values not yet understood. */

export type Field = {
  readonly number: number
  /** A varint or fixed value as bigint, everything else as bytes. */
  readonly value: bigint | Uint8Array
  readonly wire: number
}

/** The bytes are no protocol buffer message. */
export class WireError extends Error {}

export function readFields(bytes: Uint8Array): Field[] {
  const fields: Field[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const varint = (): bigint => {
    let result = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at]
      if (byte === undefined) throw new WireError('unexpected end of message')
      at += 1
      result |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asIntN(64, result)
    }
    throw new WireError('a number is too long')
  }
  const take = (length: number): number => {
    if (length < 0 || at + length > bytes.length) throw new WireError('unexpected end of message')
    at += length
    return at - length
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const wire = tag & 7
    const number = tag >>> 3
    if (wire === 0) fields.push({ number, wire, value: varint() })
    else if (wire === 1) fields.push({ number, wire, value: view.getBigUint64(take(8), true) })
    else if (wire === 5) fields.push({ number, wire, value: BigInt(view.getUint32(take(4), true)) })
    else if (wire === 2) {
      const length = Number(varint())
      const start = take(length)
      fields.push({ number, wire, value: bytes.subarray(start, start + length) })
    } else throw new WireError(`wire type ${wire} is not known`)
  }
  return fields
}
