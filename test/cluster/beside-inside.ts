/**
 * A process in the network namespace of a real cluster, for tests of an installed Headgate: a stand-in for Superposition
 * under an address of its own, and the ways by which the outside reaches Headgate's ports. Ends with its standard input.
 */
import { join } from 'node:path'
import { systemPorts } from '#kube/system.ts'
import { startSuperposition } from '#local/superposition/start.ts'
import { forward } from '../../src/cli/local/forward.ts'

/** The one argument, as JSON. */
export type BesideOrder = {
  /** Where sockets are made: `PORT.sock` leads to that port of Headgate. */
  readonly folder: string
  readonly ports: readonly number[]
}

/** Headgate's own address in there: others listen at their own, on the same ports. */
export const podAddress = '198.51.100.77'

/** Where the stand-in is reached, by Headgate and by nobody else. */
export const superpositionAddress = { host: '10.255.255.91', port: 8080 }

if (import.meta.main) {
  const { folder, ports } = JSON.parse(process.argv[2] ?? '') as BesideOrder
  const { clock } = systemPorts()
  const superposition = await startSuperposition({ clock })
  const port = Number(new URL(superposition.url).port)
  await forward(superpositionAddress, { host: '127.0.0.1', port })
  for (const own of ports)
    await forward(join(folder, `${own}.sock`), { host: podAddress, port: own })
  process.stdout.write('ready\n')
  process.stdin.once('end', () => process.exit(0)).resume()
}
