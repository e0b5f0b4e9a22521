/** What the stand-in resolves: a base, and overrides for contexts, as Superposition has them. */
import { canonicalJson } from '#core/hash.ts'
import type { Json } from '#core/k8s/meta.ts'

export type Settings = Readonly<Record<string, Json>>

export type Configuration = {
  readonly base: Settings
  /** All whose condition holds are laid over the base, in this order. */
  readonly overrides: readonly { readonly when: Settings; readonly set: Settings }[]
}

type Query = {
  readonly workspace: string
  /** Dimensions as they were asked for. */
  readonly context: Settings
}

/** Answers without a file: each variant is the sample image with the variant's id as its version. */
export function sampleFor({ workspace, context }: Query): Settings {
  const { variantIds } = context
  const [variant] = Array.isArray(variantIds) ? variantIds : []
  const version = typeof variant === 'string' ? variant : 'base'
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9._-]+/g, '-')
  return { replicas: 2, 'container.image': `example/${plain(workspace)}:${plain(version)}` }
}

export function resolved(configuration: Configuration | undefined, query: Query): Settings {
  if (configuration === undefined) return sampleFor(query)
  const holding = configuration.overrides.filter(({ when }) => holds(when, query.context))
  return holding.reduce((before, { set }) => ({ ...before, ...set }), configuration.base)
}

/** A condition on variantIds holds when the list that is asked with contains it; a text never does. */
function holds(when: Settings, context: Settings): boolean {
  return Object.entries(when).every(([dimension, wanted]) => {
    const given = Object.hasOwn(context, dimension) ? context[dimension] : undefined
    if (dimension === 'variantIds') return Array.isArray(given) && given.includes(wanted)
    return canonicalJson(given) === canonicalJson(wanted)
  })
}

/** Reads a file's content. @throws Error that says what is wrong with it. */
export function readConfiguration(given: unknown): Configuration {
  const { base, overrides = [] } = (isMap(given) ? given : {}) as Partial<Configuration>
  if (!isMap(base))
    throw new Error('the file has no map base: write one, with replicas and container.image')
  if (!Array.isArray(overrides)) throw new Error('overrides is no list')
  for (const [index, one] of overrides.entries()) {
    if (!isMap(one) || !isMap(one['when']) || !isMap(one['set']))
      throw new Error(`overrides[${index}] needs two maps, when and set`)
  }
  return { base, overrides }
}

export function isMap(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
