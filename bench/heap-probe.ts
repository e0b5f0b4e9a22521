/** Loaded into a measured child: collects garbage and tells its memory when its parent asks. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

process.on('message', () => {
  collect()
  collect()
  process.send?.(process.memoryUsage())
})

// A parent that ends without a word must not leave this one behind.
process.on('disconnect', () => process.exit(0))
