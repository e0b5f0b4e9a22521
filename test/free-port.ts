/** A port for a program that has to be told one. */
import { createServer } from 'node:net'

// Below those that a system hands out to whoever asks for any: nobody gets it in between.
const [from, to] = [20_000, 30_000] as const

export async function freePort(): Promise<number> {
  for (;;) {
    const port = from + Math.floor(Math.random() * (to - from))
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
