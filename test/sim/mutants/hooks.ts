/** Changes one file of the product on its way into the module loader; nothing on disk is touched. */
import { registerHooks } from 'node:module'
import type { Mutant } from './mutants.ts'

export type MutantEdit = Pick<Mutant, 'file' | 'from' | 'to'>

/** From now on modules are loaded with that edit. @throws Error where the text to change is not there exactly once. */
export function install(edit: MutantEdit): void {
  const end = `/${edit.file}`
  registerHooks({
    load: (url, context, next) => {
      if (!url.endsWith(end)) return next(url, context)
      const loaded = next(url, context)
      const parts = String(loaded.source).split(edit.from)
      if (parts.length !== 2) {
        const times = parts.length - 1
        throw new Error(`${edit.file} has ${times} times what a mutant changes: ${edit.from}`)
      }
      return { ...loaded, source: parts.join(edit.to) }
    },
  })
}
