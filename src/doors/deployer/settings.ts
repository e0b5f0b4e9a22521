/** The door's settings, read once from its options. */
import { parseDuration } from '#core/time.ts'
import type { Ground } from '../face.ts'
import type { Front } from './route.ts'

export type Settings = {
  /** A02: the limit of a deployment's pods to become healthy. */
  readonly timeoutMs: number
  /** A02: how long the old version's pods stay for a front that hears of the switch late. */
  readonly drainMs: number
  /** A18, AD19. */
  readonly nameLimit: number
  readonly workloads: 'ReplicaSet' | 'ReplicationController'
  readonly front: Front
  /** AD09: without a certificate a deployment with a frontend fails. */
  readonly tlsRequired: boolean
  readonly environment: EnvironmentSettings
}

export type EnvironmentSettings = {
  readonly configMap: string | undefined
  readonly etcd: EtcdSettings | undefined
}

export type EtcdSettings = {
  readonly endpoints: readonly string[]
  readonly caFile: string | undefined
  readonly certFile: string | undefined
  readonly keyFile: string | undefined
  readonly skipVerify: boolean
  readonly username: string | undefined
  readonly password: string | undefined
}

/** @throws Error with a sentence about the option that makes no sense. */
export function settingsOf({ options, env }: Pick<Ground, 'options' | 'env'>): Settings {
  const text = (name: string): string | undefined => {
    const value = options[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  return {
    timeoutMs: time('--deployer-timeout', text('deployerTimeout') ?? '60s'),
    drainMs: time('--deployer-proxysleep', text('deployerProxysleep') ?? '20s'),
    nameLimit: number('--deployer-name-limit', text('deployerNameLimit') ?? '63', 8, 63),
    workloads: oneOf('--deployer-workloads', text('deployerWorkloads') ?? 'ReplicaSet', [
      'ReplicaSet',
      'ReplicationController',
    ]),
    front: frontOf(text),
    tlsRequired: options['deployerRequireTls'] === true,
    environment: {
      configMap: text('deployerEnvironmentConfigmap'),
      etcd: etcdOf(text, options['deployerSkipServerCertValidation'] === true, env),
    },
  }
}

type Text = (name: string) => string | undefined

function frontOf(text: Text): Front {
  const provider = oneOf('--deployer-front', text('deployerFront') ?? 'nginx', [
    'nginx',
    'gateway-api',
  ])
  if (provider === 'nginx')
    return { provider, ingressClass: text('deployerIngressClass') ?? 'nginx' }
  const [first = '', second] = (text('deployerGateway') ?? 'gateway').split('/')
  return {
    provider,
    gateway:
      second === undefined
        ? { namespace: undefined, name: first }
        : { namespace: first, name: second },
  }
}

function etcdOf(text: Text, skipVerify: boolean, env: Ground['env']): EtcdSettings | undefined {
  const endpoints = text('deployerEtcd')
  if (endpoints === undefined) return undefined
  const list = endpoints.split(',').map((one) => one.trim().replace(/\/+$/, ''))
  for (const endpoint of list) {
    if (!/^https?:\/\/[^/?#@]+$/.test(endpoint))
      throw new Error(
        `--deployer-etcd ${endpoint} is no address; write one like http://etcd:2379, without user or path`,
      )
  }
  return {
    endpoints: list,
    caFile: text('deployerEtcdCa'),
    certFile: text('deployerEtcdCert'),
    keyFile: text('deployerEtcdKey'),
    skipVerify,
    username: text('deployerEtcdUsername') ?? env['HEADGATE_ETCD_USERNAME'],
    // A password has no business among arguments, which everybody on the machine can read.
    password: env['HEADGATE_ETCD_PASSWORD'],
  }
}

/** `60` means seconds, as the original wrote it. */
function time(option: string, given: string): number {
  const found = /^\d+$/.test(given) ? Number(given) * 1000 : parseDuration(given)
  if (found === undefined)
    throw new Error(`${option} ${given} is no duration; write one like 60s or 2m`)
  return found
}

function number(option: string, given: string, least: number, most: number): number {
  const found = Number(given)
  if (!Number.isInteger(found) || found < least || found > most)
    throw new Error(`${option} ${given} makes no sense; write a number from ${least} to ${most}`)
  return found
}

function oneOf<T extends string>(option: string, given: string, words: readonly T[]): T {
  const found = words.find((word) => word.toLowerCase() === given.toLowerCase())
  if (found === undefined)
    throw new Error(`${option} ${given} is unknown; write one of ${words.join(', ')}`)
  return found
}
