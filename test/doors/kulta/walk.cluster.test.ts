/** The document's own commands on a real control plane. */
import { realGround } from '#test/cluster/ground.ts'
import { kultaStage } from './kulta-stage.ts'
import { documentByKubectl } from './walk.suite.ts'

documentByKubectl(kultaStage({ ground: realGround }))
