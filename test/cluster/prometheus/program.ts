/** A real Prometheus: the one of this machine, or Debian's package unpacked beside the other programs of this lane. */
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

export type PrometheusPrograms = { readonly prometheus: string; readonly promtool: string }

const run = promisify(execFile)

/** @throws Error with one sentence when there is none and none can be had. */
export async function findPrometheus(tell: (line: string) => void): Promise<PrometheusPrograms> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'headgate')
  const unpacked = join(cache, 'prometheus-debian')
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), join(unpacked, 'usr', 'bin')]
  const has = (folder: string): boolean =>
    ['prometheus', 'promtool'].every((name) => existsSync(join(folder, name)))
  if (!folders.some(has)) await unpack(cache, unpacked, tell)
  const folder = folders.find(has) ?? ''
  return { prometheus: join(folder, 'prometheus'), promtool: join(folder, 'promtool') }
}

async function unpack(cache: string, target: string, tell: (line: string) => void): Promise<void> {
  tell("fetching Debian's Prometheus")
  mkdirSync(cache, { recursive: true })
  const draft = mkdtempSync(join(cache, 'prometheus-draft-'))
  try {
    await run('apt-get', ['download', 'prometheus'], { cwd: draft })
    const [file = ''] = readdirSync(draft)
    await run('dpkg-deb', ['-x', file, 'unpacked'], { cwd: draft })
    // Under its name only when it is whole.
    renameSync(join(draft, 'unpacked'), target)
  } catch (error) {
    const why = error instanceof Error ? error.message.trim() : String(error)
    throw new Error(`Prometheus is not on this machine: install the package prometheus (${why})`, {
      cause: error,
    })
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

export type RunningPrometheus = { readonly url: string; readonly stop: () => Promise<void> }

/** Runs one over a folder of data and resolves once it answers. */
export async function runPrometheus(
  { prometheus }: PrometheusPrograms,
  { data, config, port }: { readonly data: string; readonly config: string; readonly port: number },
): Promise<RunningPrometheus> {
  const flags = [
    `--storage.tsdb.path=${data}`,
    `--config.file=${config}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--storage.tsdb.retention.time=10y',
    '--log.level=error',
  ]
  const args = ['--pdeathsig', 'KILL', prometheus, ...flags]
  const child = spawn('setpriv', args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = `http://127.0.0.1:${port}`
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  for (;;) {
    const ready = await fetch(`${url}/-/ready`).catch(() => undefined)
    await ready?.body?.cancel()
    if (ready?.ok === true) return { url, stop }
    if (child.exitCode !== null) throw new Error('Prometheus ended before it was ready')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
