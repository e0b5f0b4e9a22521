/** KULTA's door as the register has it: the environment may set it up further. */
import type { Door } from '../door.ts'
import { kultaWith } from './door.ts'
import { configuredBy } from './environment.ts'

export const kultaDoor: Door = { ...kultaWith({}), configured: configuredBy }
