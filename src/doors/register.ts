/** The one list of doors. A new one is a folder and a line here. */
import type { Door } from './door.ts'
import { headgateDoor } from './headgate/door.ts'

export const doors: readonly Door[] = [headgateDoor]
