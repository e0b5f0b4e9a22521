/** The controllers of the local cluster end where kube-controller-manager ends, and pass through the same reasons. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { below } from '../compare.ts'
import { type Bench, localBench, realBench } from './bench.ts'
import { Scene } from './scene.ts'
import { stories } from './stories.ts'

let local: Bench
let real: Bench

beforeAll(async () => {
  ;[local, real] = await Promise.all([localBench(), realBench()])
})
afterAll(async () => {
  await Promise.all([local.stop(), real.stop()])
})

/** Written only when nothing else came between: a write of its own, or the last pod that was waited for. */
const fleeting = [
  'Progressing NewReplicaSetCreated',
  'Progressing FoundNewReplicaSet',
  'Progressing ReplicaSetUpdated',
]
const firm = (reasons: readonly string[]) => reasons.filter((one) => !fleeting.includes(one))

describe('controllers, local and real', () => {
  for (const [index, [sentence, story]] of Object.entries(stories).entries()) {
    test.concurrent(sentence, async () => {
      const told = async (bench: Bench) => {
        const scene = new Scene(bench, `story-${index + 1}-s`)
        await scene.open()
        return { pictures: await story(scene), reasons: bench.reasons(scene.namespace) }
      }
      const [ours, theirs] = await Promise.all([told(local), told(real)])
      expect(below('', theirs.pictures, ours.pictures)).toEqual([])
      expect(firm(ours.reasons)).toEqual(firm(theirs.reasons))
    })
  }
})
