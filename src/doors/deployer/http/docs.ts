/** The OpenAPI document of the routes, and a page to read it that needs no script. */
import type { FastifyInstance } from 'fastify'

export type Docs = { readonly document: () => string; readonly html: () => string }

type Operation = {
  readonly summary?: string
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required?: boolean
    readonly description?: string
  }[]
  readonly responses?: Readonly<Record<string, { readonly description?: string }>>
}

type Document = {
  readonly info?: { readonly title?: string; readonly description?: string }
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

export function docsPage(app: FastifyInstance): Docs {
  const document = (): Document => app.swagger() as unknown as Document
  return {
    document: () => `${JSON.stringify(document(), null, 2)}\n`,
    html: () => page(document()),
  }
}

function page({ info = {}, paths = {} }: Document): string {
  const sections = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => section(path, method, operation)),
  )
  const title = escaped(info.title ?? '')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}
code{font-family:ui-monospace,monospace}td{padding:0 1rem 0 0;vertical-align:top}</style></head>
<body><h1>${title}</h1><p>${escaped(info.description ?? '')}</p>
<p>As a document: <a href="/docs/openapi.json">openapi.json</a></p>
${sections.join('\n')}
</body></html>
`
}

function section(path: string, method: string, operation: Operation): string {
  const { summary = '', parameters = [], responses = {} } = operation
  const rows = [
    ...parameters.map((one) => [
      `${one.name}${one.required === true ? ' (required)' : ''}`,
      one.description ?? one.in,
    ]),
    ...Object.entries(responses).map(([code, { description = '' }]) => [code, description]),
  ]
  const cells = rows.map(
    ([name = '', about = '']) =>
      `<tr><td><code>${escaped(name)}</code></td><td>${escaped(about)}</td></tr>`,
  )
  return `<h2><code>${escaped(method.toUpperCase())} ${escaped(path)}</code></h2>
<p>${escaped(summary)}</p><table>${cells.join('')}</table>`
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
