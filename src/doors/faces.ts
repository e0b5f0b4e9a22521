/** The one list of faces. A new one is a file in its door's folder and a line here. */
import { deployerEntry } from './deployer/entry.ts'
import type { FaceEntry } from './face.ts'
import { superpositionFace } from './superposition/entry.ts'

export const faces: readonly FaceEntry[] = [deployerEntry, superpositionFace]
