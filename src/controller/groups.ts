/** Things by the name they share. Nearly every name has one thing, which then stands without a list around it. */

const none: readonly never[] = []

export class Groups<T extends object> {
  readonly #groups = new Map<string, T | readonly T[]>()

  of(name: string): readonly T[] {
    const group = this.#groups.get(name)
    if (group === undefined) return none
    return Array.isArray(group) ? group : [group as T]
  }

  add(name: string, thing: T): void {
    const group = this.of(name)
    this.#groups.set(name, group.length === 0 ? thing : [...group, thing])
  }

  /** Takes out the very same thing, if it is there. */
  drop(name: string, thing: T): void {
    const [first, ...more] = this.of(name).filter((one) => one !== thing)
    if (first === undefined) this.#groups.delete(name)
    else this.#groups.set(name, more.length === 0 ? first : [first, ...more])
  }
}
