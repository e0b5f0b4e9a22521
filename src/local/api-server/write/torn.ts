/** Work on an object that had to wait, and found the object changed when it went on: it begins anew. */
import type { Call } from '../machine.ts'
import { conflict, modified } from '../status.ts'

/** The object is no longer the one the work began with. */
export class Torn extends Error {}

const attemptsMax = 5

/** Repeats the work until it was done in one piece. Rejects with a 409 when that will not come about. */
export async function unbroken<T>(call: Call, work: () => T | Promise<T>): Promise<T> {
  const warned = call.warnings.length
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Torn)) throw error
      if (attempt === attemptsMax) throw conflict(call.resource, call.name, modified)
      call.warnings.length = warned
    }
  }
}
