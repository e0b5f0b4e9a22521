/** Webhooks of the controller: their flags and variables, declared here and nowhere else. */
import type { Command } from 'commander'
import { Option } from 'commander'
import type { Door } from '#doors/door.ts'
import type { Cluster } from '#kube/cluster.ts'
import type { Log } from '#kube/log.ts'
import { UsageError } from '#releases/errors.ts'
import type { Place } from '#server/webhooks/registration.ts'
import type { Certificates, Webhooks } from '#server/webhooks/start.ts'
import { addressOf } from './options.ts'

export type WebhookFlags = {
  readonly webhookAddress: string
  readonly webhookService?: string
  readonly webhookUrl?: string
  readonly webhookSecret: string
  readonly webhookCertificates?: string
  readonly webhookInjectFrom?: string
}

export function withWebhookOptions(command: Command): Command {
  const options = [
    new Option(
      '--webhook-address <host:port>',
      'conversion and validation over TLS; "off" for none',
    )
      .env('HEADGATE_WEBHOOK_ADDRESS')
      .default('off'),
    new Option('--webhook-service <namespace/name>', 'the Service under which they are called').env(
      'HEADGATE_WEBHOOK_SERVICE',
    ),
    new Option(
      '--webhook-url <url>',
      'where they are called instead, by an API server that reaches no Services',
    ).env('HEADGATE_WEBHOOK_URL'),
    new Option('--webhook-secret <name>', 'where our own certificates are kept')
      .env('HEADGATE_WEBHOOK_SECRET')
      .default('kulta-webhook-tls'),
    new Option(
      '--webhook-certificates <folder>',
      'take tls.crt, tls.key and ca.crt from there instead',
    ).env('HEADGATE_WEBHOOK_CERTIFICATES'),
    new Option(
      '--webhook-inject-from <namespace/name>',
      "cert-manager's Certificate of that folder, which then says whom to trust",
    ).env('HEADGATE_WEBHOOK_INJECT_FROM'),
  ]
  for (const option of options) command.addOption(option)
  return command
}

type Environment = Readonly<Record<string, string | undefined>>

/** What the variables of KULTA say where no flag says otherwise. */
function withFormer(flags: WebhookFlags, env: Environment): WebhookFlags {
  const service = formerService(env)
  if (flags.webhookAddress !== 'off' || service === undefined) return flags
  return { webhookService: service, ...flags, webhookAddress: '0.0.0.0:8443' }
}

/** `namespace/name` of the Service under which KULTA's variables have webhooks called; undefined where they want none. */
export function formerService(env: Environment): string | undefined {
  if (env['KULTA_WEBHOOK_TLS'] !== 'true') return undefined
  const namespace = env['KULTA_NAMESPACE'] ?? 'kulta-system'
  return `${namespace}/${env['KULTA_SERVICE_NAME'] ?? 'kulta-controller'}`
}

type Parts = {
  readonly cluster: Cluster
  readonly doors: readonly Door[]
  readonly env: Environment
  /** Of the Secret, where no Service says another one. */
  readonly namespace: string
  readonly log: Log
}

/** Undefined where they are off. @throws UsageError */
export async function webhooksOf(
  given: WebhookFlags,
  { cluster, doors, env, namespace, log }: Parts,
): Promise<Webhooks | undefined> {
  const flags = withFormer(given, env)
  if (flags.webhookAddress === 'off') return undefined
  const address = addressOf('--webhook-address', flags.webhookAddress)
  const place = placeOf(flags)
  const { startWebhooks } = await import('#server/webhooks/start.ts')
  return await startWebhooks({
    cluster,
    ports: cluster.ports,
    doors,
    address,
    place,
    certificates: certificatesOf(flags, place.kind === 'service' ? place.namespace : namespace),
    onProblem: (error) => log.warn({ error: error.message }, 'the webhooks have trouble'),
  })
}

function placeOf({ webhookService, webhookUrl }: WebhookFlags): Place {
  if (webhookUrl !== undefined) {
    if (!URL.canParse(webhookUrl) || !webhookUrl.startsWith('https://'))
      throw new UsageError('--webhook-url must be a URL with https')
    return { kind: 'url', url: webhookUrl }
  }
  const [namespace, name, ...rest] = (webhookService ?? '').split('/')
  if (namespace === undefined || name === undefined || name === '' || rest.length > 0)
    throw new UsageError(
      '--webhook-address needs --webhook-service NAMESPACE/NAME, or --webhook-url, so that the API server finds it',
    )
  return { kind: 'service', namespace, name, port: 8443 }
}

function certificatesOf(
  { webhookCertificates: folder, webhookInjectFrom, webhookSecret: secret }: WebhookFlags,
  namespace: string,
): Certificates {
  if (webhookInjectFrom !== undefined) {
    if (folder === undefined)
      throw new UsageError('--webhook-inject-from needs --webhook-certificates FOLDER')
    return { kind: 'cert-manager', folder, certificate: webhookInjectFrom }
  }
  return folder === undefined ? { kind: 'own', namespace, secret } : { kind: 'files', folder }
}
