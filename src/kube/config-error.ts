/** A configuration that cannot be used. The message is one sentence for the person who wrote it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}
