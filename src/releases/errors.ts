/** Errors that a command ends with. */

/** The words of the command were wrong; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What was asked for is not done, and why; exit code 3. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}

/** The end that was waited for did not come; exit code 6. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError'
}
