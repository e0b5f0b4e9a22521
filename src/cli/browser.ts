/** Opens an address in whatever browser the desktop has; where there is none, the address was printed. */
import { spawn } from 'node:child_process'

const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
}

export function openInBrowser(url: string): void {
  const [program, ...words] = openers[process.platform] ?? ['xdg-open']
  const child = spawn(program, [...words, url], { stdio: 'ignore', detached: true })
  child.once('error', () => {
    process.stderr.write(`headgate: no browser can be opened here; go to ${url}\n`)
  })
  child.unref()
}
