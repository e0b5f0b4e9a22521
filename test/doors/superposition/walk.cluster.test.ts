/** The worked example on a real control plane. */
import { realGround } from '#test/cluster/ground.ts'
import { sendByGet, sharedScene } from './scene.ts'
import { workedExample } from './walk.suite.ts'

workedExample(sharedScene({ ground: realGround }), sendByGet)
