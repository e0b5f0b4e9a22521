/** Looking up by names that people chose: `constructor` is a good name for a Service, and every object has one. */

/** The own entry of a record; undefined where it has none of this name. */
export function entry<T>(
  record: Readonly<Record<string, T>> | undefined,
  name: string | undefined,
): T | undefined {
  if (record === undefined || name === undefined) return undefined
  return Object.hasOwn(record, name) ? record[name] : undefined
}
