/** What an administrator adds to the objects that the door makes: fragments that are laid over them. */
import type { Json } from '#core/k8s/meta.ts'
import type { PodTemplate } from '#core/k8s/workloads.ts'
import { parseDuration } from '#core/time.ts'
import { containerOf, type Deployable } from './config.ts'
import { isRecord } from './context.ts'
import { documented, filled, type Patterns, serviceLabel, variantAnnotation } from './names.ts'

export type Templates = {
  readonly names: Patterns
  /** Laid over every pod template; its first container over the door's own. */
  readonly podTemplate: Readonly<Record<string, Json>>
  readonly ingress: {
    readonly className: string
    readonly annotations: Readonly<Record<string, string>>
  }
  /** HTTPRoute or VirtualService of a service, where the router is not nginx. */
  readonly route: string
  /** How long the gateway takes to follow, where it is otherwise than usual. */
  readonly settle?: string
}

export const plainTemplates: Templates = {
  names: documented,
  podTemplate: {},
  ingress: { className: 'nginx', annotations: {} },
  route: '{service}-route',
}

/** Reads a templates file. @throws Error that names the field. */
export function readTemplates(given: unknown): Templates {
  if (given === undefined || given === null) return plainTemplates
  const file = recordAt(given, 'the file')
  const known = ['names', 'podTemplate', 'ingress', 'route', 'settle']
  const strange = Object.keys(file).find((key) => !known.includes(key))
  if (strange !== undefined)
    throw new Error(`templates: ${strange} is unknown; write one of ${known.join(', ')}`)
  const names = textsAt(file['names'], 'names')
  const unknown = Object.keys(names).find((key) => !Object.hasOwn(documented, key))
  if (unknown !== undefined)
    throw new Error(
      `templates: names.${unknown} is unknown; write one of ${Object.keys(documented).join(', ')}`,
    )
  const ingress = recordAt(file['ingress'] ?? {}, 'ingress')
  const settle = textAt(file['settle'], 'settle')
  if (settle !== undefined && parseDuration(settle) === undefined)
    throw new Error(`templates: settle ${settle} is no duration; write one like 3s or 500ms`)
  return {
    ...(settle === undefined ? {} : { settle }),
    names: { ...documented, ...names },
    podTemplate: recordAt(file['podTemplate'] ?? {}, 'podTemplate') as Templates['podTemplate'],
    ingress: {
      className: textAt(ingress['className'], 'ingress.className') ?? 'nginx',
      annotations: textsAt(ingress['annotations'], 'ingress.annotations'),
    },
    route: textAt(file['route'], 'route') ?? plainTemplates.route,
  }
}

/** The pods of a variant. */
export function podTemplateOf(
  templates: Templates,
  of: {
    readonly service: string
    readonly namespace: string
    readonly variant: { readonly id: string; readonly name: string }
    readonly deployable: Deployable
  },
): PodTemplate {
  const { service, namespace, variant, deployable } = of
  const container = containerOf(`${service}-dep-${variant.name}`, deployable)
  const own = {
    metadata: {
      labels: { [serviceLabel]: service },
      annotations: { [variantAnnotation]: variant.id },
    },
    spec: { containers: [container] },
  }
  const words = { service, namespace, variant: variant.name }
  const fragment = withWords(templates.podTemplate, words)
  return laidOver(own as unknown as Json, fragment) as unknown as PodTemplate
}

/** Fields of the fragment win; lists are replaced, but the first container is laid over the first one. */
function laidOver(base: Json, over: Json, key = ''): Json {
  if (Array.isArray(base) && Array.isArray(over) && key === 'containers') {
    const [first, ...more] = over as readonly Json[]
    const [own] = base as readonly Json[]
    return first === undefined || own === undefined ? base : [laidOver(own, first), ...more]
  }
  // A probe asks in one way: another one takes its place.
  if (key.endsWith('Probe') || !isRecord(base) || !isRecord(over)) return over
  const known = base as Readonly<Record<string, Json>>
  const added = Object.entries(over as Readonly<Record<string, Json>>).map(([name, value]) => {
    const before = Object.hasOwn(known, name) ? known[name] : undefined
    return [name, before === undefined ? value : laidOver(before, value, name)] as const
  })
  return { ...known, ...Object.fromEntries(added) }
}

function withWords(value: Json, words: Readonly<Record<string, string>>): Json {
  if (typeof value === 'string') return filled(value, words)
  if (Array.isArray(value)) return value.map((item: Json) => withWords(item, words))
  if (!isRecord(value)) return value
  const members = Object.entries(value as Readonly<Record<string, Json>>)
  return Object.fromEntries(members.map(([key, member]) => [key, withWords(member, words)]))
}

function recordAt(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (isRecord(value)) return value
  throw new Error(`templates: ${at} is no map`)
}

function textAt(value: unknown, at: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw new Error(`templates: ${at} is no text`)
}

function textsAt(value: unknown, at: string): Readonly<Record<string, string>> {
  const record = recordAt(value ?? {}, at)
  for (const [key, member] of Object.entries(record)) textAt(member, `${at}.${key}`)
  return record as Readonly<Record<string, string>>
}
