/** `headgate version`. */
import { UsageError } from '#releases/errors.ts'
import { version } from '../version.ts'

export function printVersion({ output }: { readonly output?: string }): void {
  if (output !== undefined && output !== 'json')
    throw new UsageError(`--output ${output} is unknown; write json`)
  const values = { version, node: process.version, platform: `${process.platform}/${process.arch}` }
  process.stdout.write(
    output === 'json'
      ? `${JSON.stringify(values)}\n`
      : `headgate ${version} (Node ${values.node}, ${values.platform})\n`,
  )
}
