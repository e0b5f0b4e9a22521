/** Errors that a command ends with. */

/** The words of the command were wrong; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
