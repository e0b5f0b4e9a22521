/** What the tests of the command line stand on: a cluster in this process, a kubeconfig to it, and the real program. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import type { Ask } from '#controller/ask.ts'
import type { Release } from '#core/api/release.ts'
import { type BenchCluster, startBenchCluster } from '../../bench/cluster.ts'
import { type Controlled, control } from '../../bench/controlled.ts'
import { install, namespace, releaseOf, setImage } from '../../bench/objects.ts'
import { watchUntil } from '../../src/cli/wait.ts'

export type Run = { readonly code: number | null; readonly out: string; readonly err: string }

export type RunOptions = {
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  /** Told of what it prints; `end` stops it as Ctrl-C does. */
  readonly onOut?: (out: string, end: () => void) => void
}

const withinMs = 60_000

/** Runs the program with these words to its end. */
export function headgate(words: readonly string[], options: RunOptions = {}): Promise<Run> {
  const { KUBECONFIG: _other, ...inherited } = process.env
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['src/cli/main.ts', ...words], {
      timeout: withinMs,
      env: { ...inherited, ...options.env },
    })
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      options.onOut?.(out, () => child.kill('SIGINT'))
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    child.on('close', (code) => resolve({ code, out, err }))
    child.stdin.end(options.input ?? '')
  })
}

export type Ground = {
  readonly cluster: BenchCluster
  readonly kubeconfig: string
  readonly file: (name: string, ...objects: readonly unknown[]) => string
  /** `headgate` on this cluster; in a word, `␣` stands for a blank. */
  readonly run: (line: string, options?: RunOptions) => Promise<Run>
  readonly startController: (ask?: Ask) => Promise<void>
  readonly stopController: () => Promise<void>
  /** A release with these steps, at rest with its first revision. */
  readonly installed: (name: string, steps: readonly object[], more?: object) => Promise<void>
  readonly ask: (name: string, image: string) => Promise<void>
  readonly until: (name: string, holds: (release: Release) => boolean) => Promise<Release>
}

/** One for all tests of a file; to be asked for within a test. */
export function sharedGround(): () => Ground {
  let ground: (Ground & { readonly stop: () => Promise<void> }) | undefined
  beforeAll(async () => {
    ground = await openGround()
    await ground.startController()
  })
  afterAll(() => ground?.stop())
  return () => {
    if (ground === undefined) throw new Error('the ground is laid before the first test')
    return ground
  }
}

async function openGround(): Promise<Ground & { readonly stop: () => Promise<void> }> {
  const cluster = await startBenchCluster()
  const folder = mkdtempSync(join(tmpdir(), 'headgate-cli-'))
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, cluster.server.kubeconfig(), { mode: 0o600 })
  const env = { KUBECONFIG: kubeconfig }
  let controlled: Controlled | undefined
  const stopController = async (): Promise<void> => {
    await controlled?.stop()
    controlled = undefined
  }
  const until = untilIn(cluster)
  return {
    cluster,
    kubeconfig,
    file: (name, ...objects) => {
      const path = join(folder, name)
      writeFileSync(path, objects.map((object) => JSON.stringify(object)).join('\n---\n'))
      return path
    },
    run: (line, options = {}) =>
      headgate(wordsOf(line), { ...options, env: { ...env, ...options.env } }),
    startController: async (ask) => {
      controlled = await control(cluster, ask)
    },
    stopController,
    installed: async (name, steps, more = {}) => {
      await install(cluster, releaseOf(name, '0s', { strategy: { canary: { steps } }, ...more }))
      await until(name, isAtRest)
    },
    ask: async (name, image) => {
      const generation = await setImage(cluster, name, image)
      await until(name, ({ metadata }) => (metadata.generation ?? 0) >= generation)
    },
    until,
    stop: async () => {
      await stopController()
      await cluster.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function wordsOf(line: string): readonly string[] {
  return line.split(' ').map((word) => word.replaceAll('␣', ' '))
}

function untilIn({ releases }: BenchCluster): Ground['until'] {
  return async (name, holds) => {
    const own = (): Release | undefined => releases.get(`${namespace}/${name}`)
    await watchUntil(releases, () => {
      const release = own()
      return release !== undefined && holds(release)
    })
    return own() as Release
  }
}

/** The object as it is asked for now has come to its end. */
export function isAtRest({ metadata, status }: Release): boolean {
  return (
    status?.observedGeneration === metadata.generation &&
    (status?.trials ?? []).length === 0 &&
    ['Completed', 'Failed'].includes(status?.phase ?? '')
  )
}

/** Waits where the steps say so, seen by the controller. */
export function waitsFor(reason: string): (release: Release) => boolean {
  return ({ metadata, status }) =>
    status?.observedGeneration === metadata.generation && status?.reason?.type === reason
}

/** What differs from run to run, by one word each: revisions by the order they came, pods, times, ages. */
export function steady(text: string, revisions: readonly string[] = []): string {
  const named = revisions.reduce(
    (before, revision, index) => before.replaceAll(revision, `revision-${index + 1}`.slice(0, 10)),
    text,
  )
  return named
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/(revision-\w)-[a-z0-9]{5}\b/g, '$1-POD-X')
    .replace(/(?<!\[)\b(\d+[smh]){1,2}(?= *$| {2})/gm, 'AGE')
    .replace(/ +$/gm, '')
}
