/** A map for a handful of entries, in the order they came. Most releases have none: empty, it weighs a tenth of a Map. */

const none: readonly never[] = []

export class Few<V> {
  #entries: readonly (readonly [key: string, value: V])[] = none

  get size(): number {
    return this.#entries.length
  }

  get(key: string): V | undefined {
    return this.#entries.find(([known]) => known === key)?.[1]
  }

  has(key: string): boolean {
    return this.#entries.some(([known]) => known === key)
  }

  /** An entry that is replaced becomes the newest. */
  set(key: string, value: V): void {
    this.delete(key)
    this.#entries = [...this.#entries, [key, value]]
  }

  delete(key: string): void {
    if (!this.has(key)) return
    const rest = this.#entries.filter(([known]) => known !== key)
    this.#entries = rest.length === 0 ? none : rest
  }

  clear(): void {
    this.#entries = none
  }

  keys(): readonly string[] {
    return this.#entries.map(([key]) => key)
  }

  values(): readonly V[] {
    return this.#entries.map(([, value]) => value)
  }
}
