/** What the demo shows: bars that redraw on a terminal, plain lines elsewhere. */
import { styleText } from 'node:util'
import type { Release, RoleStatus } from '#core/api/release.ts'

export type Scene = {
  readonly release: Release | undefined
  readonly images: ReadonlyMap<string, string>
  /** Answers since the last scene, by version. */
  readonly answered: Readonly<Record<string, number>>
  readonly dropped: number
}

export type Screen = {
  readonly say: (text: string) => void
  readonly show: (scene: Scene) => void
  /** Leaves the last picture standing: what comes is written below it. */
  readonly keep: () => void
}

const barWidth = 30

/** Redraws a few lines in place. Colours follow NO_COLOR by way of Node. */
export function terminalScreen(out: NodeJS.WriteStream): Screen {
  let drawn = 0
  const clear = (): void => {
    if (drawn > 0) out.write(`\x1b[${drawn}A\x1b[J`)
    drawn = 0
  }
  return {
    say: (text) => {
      clear()
      out.write(`${text}\n`)
    },
    show: (scene) => {
      clear()
      const lines = linesOf(scene, true)
      out.write(`${lines.join('\n')}\n`)
      drawn = lines.length
    },
    keep: () => {
      drawn = 0
    },
  }
}

/** One line for each change of what is worth knowing. */
export function plainScreen(out: NodeJS.WritableStream): Screen {
  let last = ''
  return {
    say: (text) => void out.write(`${text}\n`),
    show: ({ release, answered }) => {
      const status = release?.status
      if (status === undefined) return
      const weights = rolesOf(release).map(({ name, role }) => `${name} ${role.weight.confirmed}%`)
      const sign = `${status.phase} ${status.reason?.type} ${weights.join()}`
      if (sign === last) return
      last = sign
      const answers = Object.entries(answered).map(([version, count]) => `${version} ×${count}`)
      out.write(
        `  ${(status.phase ?? '').padEnd(12)} ${weights.join(' / ').padEnd(26)} ${answers.join(' ').padEnd(24)} ${status.reason?.type}: ${status.reason?.message}\n`,
      )
    },
    keep: () => {},
  }
}

function rolesOf(
  release: Release | undefined,
): readonly { readonly name: string; readonly role: RoleStatus }[] {
  const status = release?.status
  if (status?.stable === undefined) return []
  return [
    { name: 'stable', role: status.stable },
    ...(status.candidates ?? []).map((role) => ({ name: role.name, role })),
  ]
}

function linesOf(scene: Scene, colour: boolean): readonly string[] {
  const { release, images, answered, dropped } = scene
  const status = release?.status
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    colour ? styleText(style, text) : text
  const bars = rolesOf(release).map(({ name, role }) => {
    const full = Math.round((role.weight.confirmed * barWidth) / 100)
    const bar =
      paint(name === 'stable' ? 'green' : 'yellow', '█'.repeat(full)) +
      paint('dim', '·'.repeat(barWidth - full))
    const image = images.get(role.revision) ?? role.revision
    const moving = role.weight.wanted === role.weight.confirmed ? '' : ` → ${role.weight.wanted} %`
    return `  ${name.padEnd(8)} ${bar} ${String(role.weight.confirmed).padStart(3)} %${moving}  ${image}  ${role.ready}/${role.replicas} pods ready`
  })
  const answers = Object.entries(answered)
    .map(([version, count]) => `${version} ×${count}`)
    .join('   ')
  const phase =
    status?.phase === 'Failed' ? paint('red', 'Failed') : paint('bold', status?.phase ?? '')
  return [
    ...bars,
    `  answers  ${answers}${dropped > 0 ? paint('red', `   dropped ${dropped}`) : ''}`,
    `  ${phase}  ${status?.reason?.type ?? ''}: ${status?.reason?.message ?? ''}`,
  ]
}
