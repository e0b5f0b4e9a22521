/** What metrics show of each release, in as little memory as ten thousand of them allow. */
import type { Phase } from '#core/model/notebook.ts'

export type ReleaseName = {
  readonly door: string
  readonly namespace: string
  readonly name: string
}

export type Face = {
  readonly phase: Phase
  /** Index of the present step while one is under way. */
  readonly step: number | undefined
  readonly weights: readonly (readonly [role: string, weight: number])[]
}

export type ShownReleases = {
  readonly show: (name: ReleaseName, face: Face) => void
  readonly forget: (name: ReleaseName) => void
  readonly each: (tell: (name: ReleaseName, face: Face) => void) => void
}

const mostFaces = 4096

export function shownReleases(): ShownReleases {
  const shown = new Map<string, Face>()
  // Most releases look alike: at rest, all weight on stable.
  const faces = new Map<string, Face>()

  const shared = (face: Face): Face => {
    const sign = JSON.stringify(face)
    const known = faces.get(sign)
    if (known !== undefined) return known
    if (faces.size >= mostFaces) faces.clear()
    faces.set(sign, face)
    return face
  }

  return {
    show: (name, face) => void shown.set(keyOf(name), shared(face)),
    forget: (name) => void shown.delete(keyOf(name)),
    each: (tell) => {
      for (const [key, face] of shown) {
        const [door = '', namespace = '', name = ''] = key.split('/')
        tell({ door, namespace, name }, face)
      }
    },
  }
}

// No part can hold a slash. Joined, not added up: a sum of texts is kept with its parts.
function keyOf({ door, namespace, name }: ReleaseName): string {
  return [door, namespace, name].join('/')
}
