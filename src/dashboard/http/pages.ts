/** The page's own files, as they were built: read once, sent packed to those who take it so. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Where the build puts them: in `dist` of the source tree, beside the chunks of the package. */
const builtFolder = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../../../dist/dashboard' : '../dashboard',
    import.meta.url,
  ),
)

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json; charset=utf-8',
}

type File = { readonly type: string; readonly body: Buffer; readonly packed: Buffer }

export type Pages = {
  /** The page; 404 with a sentence where it was not built. */
  readonly page: (request: FastifyRequest, reply: FastifyReply) => FastifyReply
  readonly asset: (request: FastifyRequest, reply: FastifyReply, name: string) => FastifyReply
}

export function pages(folder: string = builtFolder): Pages {
  // A page that is built while we run is seen at once; what it names has its hash in its name.
  const held = new Map<string, { readonly at: number; readonly file: File }>()
  const read = (path: string): File | undefined => {
    try {
      const at = statSync(path).mtimeMs
      const known = held.get(path)
      if (known?.at === at) return known.file
      const body = readFileSync(path)
      const file = { type: types[extname(path)] ?? 'text/plain', body, packed: gzipSync(body) }
      held.set(path, { at, file })
      return file
    } catch {
      return undefined
    }
  }
  // Names come from a list, never from a path that somebody wrote.
  const assets = (): readonly string[] => {
    try {
      return readdirSync(join(folder, 'assets'))
    } catch {
      return []
    }
  }
  return {
    page: (request, reply) => {
      const file = read(join(folder, 'index.html'))
      if (file === undefined)
        return reply
          .code(404)
          .type('text/plain; charset=utf-8')
          .send(
            'The page of the dashboard was not built (node scripts/dashboard.ts); its API is at /api/v1.\n',
          )
      return send(request, reply.header('cache-control', 'no-store'), file)
    },
    asset: (request, reply, name) => {
      const file = assets().includes(name) ? read(join(folder, 'assets', name)) : undefined
      if (file === undefined) return reply.code(404).type('text/plain').send('not found\n')
      const forGood = 'public, max-age=31536000, immutable'
      return send(request, reply.header('cache-control', forGood), file)
    },
  }
}

function send(request: FastifyRequest, reply: FastifyReply, file: File): FastifyReply {
  const takes = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
  reply.code(200).type(file.type).header('vary', 'accept-encoding')
  return takes ? reply.header('content-encoding', 'gzip').send(file.packed) : reply.send(file.body)
}
