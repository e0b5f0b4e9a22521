/** The doors' faces under the controller: their options, their listeners, and their work while this process leads. */
import type { Command } from 'commander'
import type { FaceEntry, Ground, RunningFace } from '#doors/face.ts'
import { faces } from '#doors/faces.ts'
import { addressOf } from './options.ts'

/** What commander read: `--deployer-address` stands under `deployerAddress`. */
export type FaceOptions = Ground['options']

/** Adds `--NAME-address` and the options of each face to a command. */
export function withFaceOptions(command: Command): Command {
  for (const { name, port, about, options } of faces) {
    const flags = `--${name}-address <host:port>`
    command.option(flags, `${about}, such as 0.0.0.0:${port}; left out, it does not listen`)
    for (const { flags: own, description, value } of options) {
      command.option(own, description, value)
    }
  }
  return command
}

/** All faces together; `ports` by the names of the doors. */
export type RunningFaces = Omit<RunningFace, 'port'> & {
  readonly ports: Readonly<Record<string, number>>
}

/** Starts every face that has an address. What fails to start takes the others down with it. */
export async function startFaces(
  ground: Omit<Ground, 'address' | 'options'>,
  options: FaceOptions,
): Promise<RunningFaces> {
  const running: { readonly name: string; readonly face: RunningFace }[] = []
  const all = async (act: (face: RunningFace) => Promise<void>): Promise<void> => {
    await Promise.all(running.map(({ face }) => act(face)))
  }
  try {
    for (const entry of faces) {
      const address = addressOfFace(entry, options)
      if (address === undefined) continue
      const { start } = await entry.load()
      running.push({ name: entry.name, face: await start({ ...ground, address, options }) })
    }
  } catch (error) {
    await all((face) => face.stop())
    throw error
  }
  return {
    ports: Object.fromEntries(running.map(({ name, face }) => [name, face.port])),
    isReady: () => running.every(({ face }) => face.isReady()),
    lead: (isLeader) => {
      for (const { face } of running) face.lead(isLeader)
    },
    standBy: () => all((face) => face.standBy()),
    stop: () => all((face) => face.stop()),
  }
}

function addressOfFace({ name }: FaceEntry, options: FaceOptions): Ground['address'] | undefined {
  const text = options[`${name}Address`]
  return text === undefined ? undefined : addressOf(`--${name}-address`, String(text))
}
