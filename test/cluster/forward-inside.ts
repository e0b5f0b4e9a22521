/**
 * A process in the network namespace of a real cluster: small forwarders from and to places in it, Unix sockets for those
 * outside. Says a line once all of them listen, and ends with its standard input.
 */
import { forward, type Place } from '../../src/cli/local/forward.ts'

/** The one argument, as JSON. */
export type ForwardOrder = readonly { readonly from: Place; readonly to: Place }[]

const order = JSON.parse(process.argv[2] ?? '') as ForwardOrder
for (const { from, to } of order) await forward(from, to)
process.stdout.write('ready\n')
process.stdin.once('end', () => process.exit(0)).resume()
