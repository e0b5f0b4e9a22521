/** The door's options, read and checked. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { parseDuration } from '#core/time.ts'
import { isLoopback } from '#http/loopback.ts'
import type { Ground } from '../face.ts'
import { plainTemplates, readTemplates, type Templates } from './templates.ts'

export const routers = ['nginx', 'gateway-api', 'istio'] as const
export type RouterName = (typeof routers)[number]

export type Settings = {
  /** Base URL of Superposition; undefined where nobody said it. */
  readonly url: string | undefined
  /** `NAMESPACE/NAME` of the Secret with what Superposition asks for. */
  readonly credentials: { readonly namespace: string; readonly name: string } | undefined
  /** The dimension that names the namespace. */
  readonly dimension: string
  /** Where no context names one. */
  readonly namespace: string
  /** Undefined allows all. */
  readonly namespaces: readonly string[] | undefined
  /** Namespaces that are not there are made. */
  readonly createNamespaces: boolean
  readonly tenants: readonly string[] | undefined
  readonly router: RouterName
  readonly templates: Templates
  /** How long the old stable pods stay after a promotion. */
  readonly grace: string
  readonly progressDeadline: string
  /** Stable follows changes of the configuration. */
  readonly followConfig: boolean
  /** Every so often experiments that are under way are read from Superposition, in case that an event was lost. */
  readonly resyncMs: number | undefined
}

/** How requests prove where they come from. */
export type Auth =
  | { readonly kind: 'secret'; readonly files: readonly string[]; readonly header: string }
  | { readonly kind: 'none' }
  /** Nothing is configured: this machine only. */
  | { readonly kind: 'loopback' }

export const plainSettings: Settings = {
  url: undefined,
  credentials: undefined,
  dimension: 'namespace',
  namespace: 'default',
  namespaces: undefined,
  createNamespaces: false,
  tenants: undefined,
  router: 'nginx',
  templates: plainTemplates,
  grace: '0s',
  progressDeadline: '10m',
  followConfig: false,
  resyncMs: undefined,
}

type Given = Pick<Ground, 'options' | 'env' | 'namespace'>

/** @throws Error with a sentence that names the option. */
export function settingsOf(given: Given): Settings {
  const text = (name: string): string | undefined => textOf(given, name)
  const url = text('superpositionUrl') ?? nonEmpty(given.env['SUPERPOSITION_URL'])
  if (url !== undefined && !/^https?:\/\/[^/]/.test(url))
    throw new Error(`--superposition-url ${url} is no URL; write http://HOST:PORT`)
  const router = text('superpositionRouter') ?? 'nginx'
  const known = routers.find((name) => name === router)
  if (known === undefined)
    throw new Error(
      `--superposition-router ${router} is unknown; write one of ${routers.join(', ')}`,
    )
  const file = text('superpositionTemplates')
  return {
    url: url?.replace(/\/+$/, ''),
    credentials: credentialsOf(text('superpositionCredentials')),
    dimension: text('superpositionDimension') ?? plainSettings.dimension,
    namespace:
      text('superpositionNamespace') ??
      given.namespace ??
      nonEmpty(given.env['NAMESPACE']) ??
      plainSettings.namespace,
    namespaces:
      listOf(given, 'superpositionNamespaces') ??
      (given.namespace === undefined ? undefined : [given.namespace]),
    createNamespaces: given.options['superpositionCreateNamespaces'] === true,
    tenants: listOf(given, 'superpositionTenants'),
    router: known,
    templates:
      file === undefined ? plainTemplates : readTemplates(parse(readFileSync(file, 'utf8'))),
    grace: durationText('--superposition-grace', text('superpositionGrace') ?? '0s'),
    progressDeadline: plainSettings.progressDeadline,
    followConfig: given.options['superpositionFollowConfig'] === true,
    resyncMs: durationOf('--superposition-resync', text('superpositionResync')),
  }
}

/** @throws Error when it makes no sense. */
export function authOf({ options }: Pick<Ground, 'options'>): Auth {
  const files = [options['superpositionSecretFile'] ?? []].flat().map(String)
  const kind = options['superpositionAuth']
  if (kind !== undefined && kind !== 'none' && kind !== 'secret')
    throw new Error(`--superposition-auth ${String(kind)} is unknown; write secret or none`)
  if (kind === 'none') return { kind: 'none' }
  if (files.length > 0) {
    const header = String(options['superpositionSecretHeader'] ?? 'authorization')
    return { kind: 'secret', files, header }
  }
  if (kind === 'secret')
    throw new Error('--superposition-auth secret needs --superposition-secret-file FILE')
  return { kind: 'loopback' }
}

/** Where to listen: nobody from elsewhere is let in without a word about who may come. */
export function hostFor(
  auth: Auth,
  host: string,
): { readonly host: string; readonly why?: string } {
  if (auth.kind !== 'loopback' || isLoopback(host)) return { host }
  return {
    host: '127.0.0.1',
    why: `events are taken from this machine only, not on ${host}: no authentication is configured; give --superposition-secret-file FILE, or --superposition-auth none`,
  }
}

function textOf({ options }: Pick<Ground, 'options'>, name: string): string | undefined {
  const value = options[name]
  return typeof value === 'string' ? nonEmpty(value) : undefined
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text
}

function listOf({ options }: Pick<Ground, 'options'>, name: string): readonly string[] | undefined {
  const given = [options[name] ?? []].flat().flatMap((one) => String(one).split(','))
  const words = given.map((one) => one.trim()).filter((one) => one !== '')
  return words.length === 0 ? undefined : words
}

function credentialsOf(text: string | undefined): Settings['credentials'] {
  if (text === undefined) return undefined
  const [namespace = '', name = '', ...more] = text.split('/')
  if (namespace === '' || name === '' || more.length > 0)
    throw new Error(`--superposition-credentials ${text} names no Secret; write NAMESPACE/NAME`)
  return { namespace, name }
}

function durationText(option: string, text: string): string {
  durationOf(option, text)
  return text
}

function durationOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const duration = parseDuration(text)
  if (duration !== undefined) return duration
  throw new Error(`${option} ${text} is no duration; write one like 30s or 5m`)
}
