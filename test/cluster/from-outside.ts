/** Ways through the wall of a real cluster's network namespace. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { forward } from '../../src/cli/local/forward.ts'
import type { ForwardOrder } from './forward-inside.ts'
import type { RealGround } from './ground.ts'
import { type Inside, startInside } from './inside-process.ts'

/** Resolves once all of them listen. @throws Error when one cannot. */
export async function forwardInside(pid: number, order: ForwardOrder): Promise<Inside> {
  const program = fileURLToPath(new URL('./forward-inside.ts', import.meta.url))
  const inside = startInside(pid, [process.execPath, program, JSON.stringify(order)])
  const ready = new Promise<string>((resolve) =>
    inside.child.stdout?.once('data', () => resolve('ready')),
  )
  if ((await Promise.race([ready, inside.ended])) !== 'ready')
    throw new Error('a place inside could not be listened at; the lines above say why')
  return inside
}

/** The same ground, its gateway under an address outside, for scenarios whose traffic begins in the test itself. */
export async function fromOutside<T extends RealGround>(ground: T): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-way-'))
  const socket = join(folder, 'gateway.sock')
  const { hostname: host, port } = new URL(ground.gateway.url)
  const to = { host, port: Number(port || 80) }
  try {
    const inside = await forwardInside(ground.real.pid, [{ from: socket, to }])
    const way = await forward({ host: '127.0.0.1', port: 0 }, socket)
    return {
      ...ground,
      gateway: { ...ground.gateway, url: `http://127.0.0.1:${way.port}` },
      stop: async () => {
        await way.close()
        await inside.end()
        await ground.stop()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await ground.stop()
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}
