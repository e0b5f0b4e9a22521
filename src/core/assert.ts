/** A mistake in this program; never bad input, never a failing cluster. */
class Bug extends Error {
  override readonly name = 'Bug'
}

/**
 * States something that is always true unless this program is wrong.
 * @throws Bug when it is not.
 */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new Bug(`expected: ${claim}`)
}

/** Lets the compiler prove that a switch over a union is complete. */
export function unreachable(value: never): never {
  throw new Bug(`unexpected value: ${JSON.stringify(value)}`)
}
