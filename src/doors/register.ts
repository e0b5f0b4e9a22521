/** The one list of doors. A new one is a folder and a line here. */
import { canaryAppDoor } from './canaryapp/door.ts'
import type { Door } from './door.ts'
import { headgateDoor } from './headgate/door.ts'
import { kultaDoor } from './kulta/configured.ts'

export const doors: readonly Door[] = [headgateDoor, kultaDoor, canaryAppDoor]
