/** `headgate completion`: the script of a shell. */

import { UsageError } from '#releases/errors.ts'
import { scripts, shells } from '../complete/scripts.ts'

export function completion(shell: string): void {
  const known = shells.find((one) => one === shell)
  if (known === undefined)
    throw new UsageError(
      `${shell} is no shell that is known here; write one of ${shells.join(', ')}`,
    )
  process.stdout.write(scripts[known])
}
