/** The one list of faces. A new one is a file in its door's folder and a line here. */
import type { FaceEntry } from './face.ts'

export const faces: readonly FaceEntry[] = []
