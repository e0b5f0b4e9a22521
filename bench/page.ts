/** The page of the benchmark: where it ran, the table, and what the rows mean. */
import { cpus, totalmem } from 'node:os'
import { mebibytes, type Row, table } from './table.ts'

export function page(rows: readonly Row[], missing: readonly string[], seconds: number): string {
  const [cpu] = cpus()
  const date = new Date().toISOString().slice(0, 10)
  return `# Benchmarks

Written by \`npm run bench -- --write\`. Without \`--write\` it only prints.

Measured ${date} in ${Math.round(seconds)} seconds on ${cpus().length} cores (${cpu?.model.trim() ?? 'unknown'}), ${mebibytes(totalmem())} of memory,
Node ${process.version}. The machine was shared with other work: take times as upper bounds, and repeat them before comparing.

${table(rows)}
${missing.length === 0 ? '' : `\nRows that could not be measured:\n\n${missing.map((line) => `- ${line}`).join('\n')}\n`}
## How to read it

- The cluster is Headgate's own local API server with its controllers, with simulated pods that are ready at once and a
  gateway that accepts every route at once. It is no kube-apiserver: times here leave out etcd, admission and the network.
- M5 calls \`decide\` on one settled release, and the controller's whole pass (read, gather, decide, metrics, nothing to
  deliver) on each release of a settled cluster, on one thread. The queue in front of a pass is not included.
  \`decide\` gets the same snapshot each time; whole passes go over all releases in turn, and build each object up from what is held of it.
- M6 counts every request of the controller from the change of the image until 400 ms after the release is done, apart from
  lists and watches. One replica; weights 20, 40, 60, 80, 100; no pauses, no analysis.
  A release keeps some former ReplicaSets; each run over that number deletes one, which is one request more.
  The least that this design takes is seventeen: a status for each step, for the promotion and for its end; a route for each
  step and one for the way home; two Services that turn; a ReplicaSet made and one scaled down. Two Events come on top.
- M8 is the time between the answers to two route writes, in memory. By default a step waits for the gateway to follow its
  own word, by decision and not by slowness; that wait is in the second row.
- M9 runs from the moment the metric provider hands over a bad sample until the API server has answered the write that takes
  the candidate's weight to zero, in memory. The wait for the next sample, one second here, comes before it.
- M1 and M2 are the bundle (\`npm run bundle\`), run as users run it: a process of its own, with its lease, that talks HTTPS
  to the API server; as \`/proc\` sees it fifteen seconds after the work is done, when it has tidied up after itself. The
  live heap is that of another such process after a forced collection, with a probe that weighs something itself. RSS
  counts all pages, those of the Node program too, of which several processes on a machine share one copy: the row for
  comparison says what of it is Node with nothing of ours. RSS per release is the difference between a controller started over
  the releases and one started over none, with the machine code made for the work. Live heap per further release is the difference
  between 2,000 and 1,000, so that what is there once is left out.
  Of the RSS with no releases about 49 MiB are pages of the Node program itself. In a busy time glibc makes an arena for each
  thread; with MALLOC_ARENA_MAX=1, as an image may set it, the controller that installed the releases ends about 12 MiB lower.
- The image is weighed as it is pulled, packed, where none of its layers is there yet; most of it is Node. Its start is from the
  start of the process, with the mount of its root, until it is ready by its own probe, over a cluster without releases; the
  pull and the kubelet come before it. Packages are weighed as they are downloaded.
- The local cluster is measured as the bundle and as the sources are run, which Node has to strip of their types first.
- The page is looked at by Chromium without a graphics card, which paints by the same cores: a frame is late after 25 ms, and
  what is late at rest is the machine's. Scrolling moves by two rows each frame, and paints most of the window anew each time.
- Each release has one replica, an HTTPRoute, two Services with their EndpointSlices and one ReplicaSet.
- Not measured here: 10,000 releases, bursts, failover, soak, and any comparison with other tools. Those need a real API server
  and the other tools beside it.
`
}
