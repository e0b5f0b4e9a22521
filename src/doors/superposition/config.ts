/** What Superposition resolved for a variant, as what a Deployment needs; what is missing or wrong is told by its key. */
import type { Json } from '#core/k8s/meta.ts'
import type { Container } from '#core/k8s/workloads.ts'
import { isRecord } from './context.ts'

export type EnvVar = {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } }
}

export type Deployable = {
  readonly image: string
  readonly replicas: number
  readonly port: number
  /** By name. */
  readonly env: readonly EnvVar[]
}

export type ConfigResult =
  | { readonly kind: 'deployable'; readonly deployable: Deployable }
  | { readonly kind: 'problems'; readonly problems: readonly string[] }

const mostReplicas = 10_000
const envPrefix = 'env.'

/** Reads the flat map of a resolved configuration. Values are never repeated in a problem. */
export function readConfig(config: Readonly<Record<string, Json>>): ConfigResult {
  const problems: string[] = []
  const image = config['container.image']
  if (typeof image !== 'string' || image === '')
    problems.push(wrong('container.image', 'a text', image))
  const replicas = whole(config['replicas'], 0, mostReplicas)
  if (replicas === undefined)
    problems.push(wrong('replicas', `a whole number from 0 to ${mostReplicas}`, config['replicas']))
  const port = whole(config['container.port'] ?? 80, 1, 65_535)
  if (port === undefined)
    problems.push(wrong('container.port', 'a port number', config['container.port']))
  const env = Object.entries(config)
    .filter(([key]) => key.startsWith(envPrefix))
    .map(([key, value]) => envVar(key, value))
  problems.push(...env.flatMap((one) => ('problem' in one ? [one.problem] : [])))
  if (problems.length > 0 || replicas === undefined || port === undefined)
    return { kind: 'problems', problems }
  const vars = env.flatMap((one) => ('name' in one ? [one] : []))
  const sorted = vars.toSorted((one, other) => (one.name < other.name ? -1 : 1))
  return { kind: 'deployable', deployable: { image: String(image), replicas, port, env: sorted } }
}

/**
 * The container that runs it. Whoever does not listen yet gets no traffic: without a probe a pod counts as ready as soon
 * as it is started.
 */
export function containerOf(name: string, { image, port, env }: Deployable): Container {
  const ports = [{ containerPort: port }]
  const readinessProbe = { tcpSocket: { port }, periodSeconds: 1 }
  return { name, image, ports, readinessProbe, ...(env.length === 0 ? {} : { env }) }
}

function envVar(key: string, value: Json): EnvVar | { readonly problem: string } {
  const name = key.slice(envPrefix.length)
  if (!/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(name))
    return { problem: `${key} is no name of an environment variable` }
  if (value === null) return { problem: `${key} has no value` }
  const secret = secretOf(value)
  if (secret !== undefined) return { name, valueFrom: { secretKeyRef: secret } }
  return { name, value: typeof value === 'object' ? JSON.stringify(value) : String(value) }
}

/** `{"secretKeyRef": {"name": …, "key": …}}` takes the value from a Secret of the namespace. */
function secretOf(value: Json): { readonly name: string; readonly key: string } | undefined {
  if (!isRecord(value) || Object.keys(value).length !== 1) return undefined
  const ref: unknown = value['secretKeyRef']
  if (!isRecord(ref)) return undefined
  const { name, key } = ref
  return typeof name === 'string' && typeof key === 'string' ? { name, key } : undefined
}

function whole(value: Json | undefined, least: number, most: number): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
    ? value
    : undefined
}

function wrong(key: string, wanted: string, value: Json | undefined): string {
  return value === undefined || value === null
    ? `${key} is missing; set it to ${wanted}`
    : `${key} is ${Array.isArray(value) ? 'a list' : `of type ${typeof value}`} or out of range; set it to ${wanted}`
}
