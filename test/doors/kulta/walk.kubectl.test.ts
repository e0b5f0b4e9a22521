/** The document's own commands with the real kubectl, all doors' definitions installed. */
import { doors } from '#doors/register.ts'
import { kultaStage } from './kulta-stage.ts'
import { documentByKubectl } from './walk.suite.ts'

documentByKubectl(kultaStage({ speed: 15, crds: doors.flatMap(({ crds }) => crds) }))
