/** Hands out pod addresses of a private range; a released one comes back only after all others. */

/** `10.244.0.0/16` without the addresses that look like a network's own. */
const blocks = 256
const hosts = 253
const capacity = blocks * hosts

export class PodAddresses {
  readonly #taken = new Set<string>()
  #next = 0

  /** @throws Error when all 64,768 are taken. */
  take(): string {
    if (this.#taken.size >= capacity) {
      throw new Error('no free pod address is left in 10.244.0.0/16; delete some pods')
    }
    for (;;) {
      const address = addressAt(this.#next)
      this.#next = (this.#next + 1) % capacity
      if (this.#taken.has(address)) continue
      this.#taken.add(address)
      return address
    }
  }

  /** For a pod that had its address before this kubelet started. */
  keep(address: string): void {
    this.#taken.add(address)
  }

  release(address: string): void {
    this.#taken.delete(address)
  }
}

function addressAt(index: number): string {
  return `10.244.${Math.floor(index / hosts)}.${(index % hosts) + 2}`
}
