/** The order of a merged list: the patch's items as the patch has them, the server's own where they were. */
import { equal, isObject, type Value } from '#core/schema/json.ts'

/**
 * `wanted` is the order the patch asks for (items or only their keys), `before` the order on the server. Items that the
 * patch does not speak of keep their place relative to those it does.
 */
export function arrange(
  merged: readonly Value[],
  wanted: readonly Value[],
  before: readonly Value[],
  mergeKey: string | undefined,
): Value[] {
  const keyOf = (item: Value): Value | undefined =>
    mergeKey !== undefined && isObject(item) ? item[mergeKey] : item
  const place = (list: readonly Value[], item: Value): number =>
    list.findIndex((one) => equal(keyOf(one), keyOf(item)))
  const byPlace =
    (list: readonly Value[]) =>
    (a: Value, b: Value): number =>
      place(list, a) - place(list, b)
  const mine = merged.filter((item) => place(wanted, item) !== -1).sort(byPlace(wanted))
  const theirs = merged.filter((item) => place(wanted, item) === -1).sort(byPlace(before))
  const result: Value[] = []
  while (mine.length > 0 && theirs.length > 0) {
    const left = place(before, theirs[0] as Value)
    const right = place(before, mine[0] as Value)
    const serverFirst = left !== -1 && right !== -1 && left < right
    result.push((serverFirst ? theirs.shift() : mine.shift()) as Value)
  }
  return [...result, ...theirs, ...mine]
}
