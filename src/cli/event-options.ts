/** Where the controller tells transitions: every flag and variable for it, declared here and nowhere else. */
import { type Command, Option } from 'commander'

export type EventOptions = {
  readonly kubernetesEvents: boolean
  readonly eventsUrl?: string
  readonly eventsTokenFile?: string
  readonly eventsFile?: string
  readonly eventsFileSize: string
  readonly eventsFileKeep: string
}

export function withEventOptions(command: Command): Command {
  const options = [
    new Option('--no-kubernetes-events', 'write no Events of Kubernetes').env(
      'HEADGATE_NO_KUBERNETES_EVENTS',
    ),
    new Option('--events-url <url>', 'post CloudEvents there').env('HEADGATE_EVENTS_URL'),
    new Option(
      '--events-token-file <file>',
      'bearer token for --events-url, read anew for each request',
    ).env('HEADGATE_EVENTS_TOKEN_FILE'),
    new Option('--events-file <file>', 'append events there, one line of JSON each').env(
      'HEADGATE_EVENTS_FILE',
    ),
    new Option('--events-file-size <size>', 'begin a new file beyond this')
      .env('HEADGATE_EVENTS_FILE_SIZE')
      .default('10Mi'),
    new Option('--events-file-keep <n>', 'earlier files to keep')
      .env('HEADGATE_EVENTS_FILE_KEEP')
      .default('3'),
  ]
  for (const option of options) command.addOption(option)
  return command
}
