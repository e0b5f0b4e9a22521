/** `--dry-run`: as kubectl has it. */
import type { Writing } from '#releases/acts/writing.ts'
import { UsageError } from '#releases/errors.ts'

export type DryRun = 'none' | 'client' | 'server'

export function dryRunOf(text: string | undefined): DryRun {
  if (text === undefined) return 'none'
  const known = (['none', 'client', 'server'] as const).find((one) => one === text)
  if (known === undefined)
    throw new UsageError(`--dry-run=${text} is unknown; write server, client or none`)
  return known
}

/** As whom this program writes, and whether only to be checked. */
export function writingOf(how: DryRun): Writing {
  return { fieldManager: 'headgate-cli', dryRun: how === 'server' }
}

/** What is added to a sentence about something that was not really done. */
export function dryWords(how: DryRun): string {
  return how === 'none' ? '' : how === 'server' ? ' (server dry run)' : ' (dry run)'
}
