/** `--dry-run`: as kubectl has it. */
import { UsageError } from '../errors.ts'

export type DryRun = 'none' | 'client' | 'server'

export function dryRunOf(text: string | undefined): DryRun {
  if (text === undefined) return 'none'
  const known = (['none', 'client', 'server'] as const).find((one) => one === text)
  if (known === undefined)
    throw new UsageError(`--dry-run=${text} is unknown; write server, client or none`)
  return known
}

/** What is added to a sentence about something that was not really done. */
export function dryWords(how: DryRun): string {
  return how === 'none' ? '' : how === 'server' ? ' (server dry run)' : ' (dry run)'
}
