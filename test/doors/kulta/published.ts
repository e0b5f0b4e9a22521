/**
 * What the published schemas of CDEvents 0.5.0 and 0.4.1 ask of service events: members that must be there, members that may,
 * no others, and the form of texts. Source: https://cdevents.dev, schemas service{deployed,upgraded,published,rolledback}.
 */

type Form = 'text' | 'reference' | 'instant' | 'object' | Shape
type Shape = {
  readonly must: Readonly<Record<string, Form>>
  readonly may?: Readonly<Record<string, Form>>
}

const environment: Shape = { must: { id: 'text' }, may: { source: 'reference' } }

/** `version` is that of the event type: 0.3.0 of the specification's 0.5.0, 0.2.0 of its 0.4.1. */
function shapeOf(predicate: string, version: string): Shape {
  const content: Shape =
    predicate === 'published'
      ? { must: { environment } }
      : { must: { environment, artifactId: 'text' } }
  const isNew = version === '0.3.0'
  return {
    must: {
      context: {
        must: {
          [isNew ? 'specversion' : 'version']: 'text',
          id: 'text',
          source: 'reference',
          type: 'text',
          timestamp: 'instant',
        },
        may: { chainId: 'text', schemaUri: 'reference' },
      },
      subject: {
        must: { id: 'text', content, ...(isNew ? {} : { type: 'text' }) },
        may: { source: 'reference' },
      },
    },
    may: { customData: 'object', customDataContentType: 'text' },
  }
}

/** All that is wrong with the data of a CloudEvent of this type, as sentences. */
export function problemsOfCdEvent(type: string, data: unknown): readonly string[] {
  const [, predicate, version] =
    /^dev\.cdevents\.service\.(deployed|upgraded|published|rolledback)\.(0\.[23]\.0)$/.exec(type) ??
    []
  if (predicate === undefined || version === undefined) return [`${type} is no published type`]
  return problemsOf('data', data, shapeOf(predicate, version))
}

function problemsOf(path: string, value: unknown, form: Form): readonly string[] {
  if (typeof form === 'string') return fits(value, form) ? [] : [`${path} is no ${form}`]
  if (typeof value !== 'object' || value === null) return [`${path} is missing`]
  const { must, may = {} } = form
  const known: Readonly<Record<string, Form>> = { ...must, ...may }
  return [
    ...Object.keys(must).flatMap((name) =>
      Object.hasOwn(value, name) ? [] : [`${path}.${name} is missing`],
    ),
    ...Object.entries(value).flatMap(([name, part]) => {
      const own = known[name]
      return own === undefined
        ? [`${path}.${name} is unknown`]
        : problemsOf(`${path}.${name}`, part, own)
    }),
  ]
}

function fits(value: unknown, form: Exclude<Form, Shape>): boolean {
  if (form === 'object') return typeof value === 'object' && value !== null
  if (typeof value !== 'string' || value === '') return false
  if (form === 'instant') return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value)
  return form === 'text' || URL.canParse(value, 'https://example.com')
}
