/** Answers that hold for a while: bounded in number, and asked for once however many wait for them. */
import type { Clock } from '#kube/ports.ts'

export type Remembered<T> = (key: string, ask: () => Promise<T>) => Promise<T>

const mostHeld = 1000

/** `holdsMs` of an answer; what failed is forgotten at once. */
export function remembered<T>(clock: Clock, holdsMs: (answer: T) => number): Remembered<T> {
  const held = new Map<string, { readonly answer: T; readonly until: number }>()
  const asked = new Map<string, Promise<T>>()
  const keep = (key: string, answer: T): T => {
    held.delete(key)
    held.set(key, { answer, until: clock.monotonic() + holdsMs(answer) })
    const [oldest] = held.keys()
    if (held.size > mostHeld && oldest !== undefined) held.delete(oldest)
    return answer
  }
  return (key, ask) => {
    const known = held.get(key)
    if (known !== undefined && clock.monotonic() < known.until) return Promise.resolve(known.answer)
    const underWay = asked.get(key)
    if (underWay !== undefined) return underWay
    const answer = ask()
      .then((value) => keep(key, value))
      .finally(() => asked.delete(key))
    asked.set(key, answer)
    return answer
  }
}
