/** A child of the benchmark: an API server with as many pods as its argument says, each created and then run. */
import { merge, pod, podName, podPath, podStatus, startWriter } from './pods.ts'

const count = Number(process.argv[2])
const { send, server } = await startWriter()
for (let index = 0; index < count; index += 1) {
  await send('POST', podPath, pod(index))
  await send('PATCH', `${podPath}/${podName(index)}/status`, podStatus(0), merge)
}
process.stdout.write(`filled with ${server.store.count('pods')}\n`)

// Whatever nobody holds would be gone before anybody weighs it.
process.once('SIGTERM', () => process.exit(server.store.count('pods') === count ? 0 : 1))
