/** What a command's exit code says. They are documented in docs/cli.md, from here. */

export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  degraded: 4,
  aborted: 5,
  timeout: 6,
} as const

export const exitMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  done: 'it is done; of `status`: the release is healthy; of `simulate --expect`: it went as expected',
  failed: 'the cluster cannot be asked, or answered with an error',
  usage: 'wrong words; a name that nothing has, or several have; a file that cannot be read',
  refused:
    'refused: a command that came too late, a manifest that cannot be, a plan that will not work',
  degraded: 'the revision was turned back, or something is in the way that only a change can mend',
  aborted: 'somebody aborted the release',
  timeout: 'the time was over before the end was there',
}
