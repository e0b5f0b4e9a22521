/** Since when the Services of a toy cluster list pods of the same sets: what gateways have had time to hear of. */
import type { World } from './world.ts'

export class Publications {
  readonly #known = new Map<string, { readonly sign: string; readonly at: number }>()

  /** To be called after everything that happens; what is there at first has always been. */
  note(world: World): void {
    const first = this.#known.size === 0
    const listings = world.observe().listings ?? {}
    for (const [name, counts] of world.endpoints) {
      const counted = [...counts].flatMap(([set, count]) => (count > 0 ? [set] : []))
      const sign = JSON.stringify([...(listings[name] ?? counted)].sort())
      if (this.#known.get(name)?.sign === sign) continue
      this.#known.set(name, { sign, at: first ? -Infinity : world.now })
    }
  }

  /** Milliseconds for which a Service has listed pods of the same sets. */
  age(world: World, service: string): number {
    return world.now - (this.#known.get(service)?.at ?? -Infinity)
  }
}
