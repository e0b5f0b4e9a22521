/** The definitions of all resources of ours: those that carry releases, and those of the records that faces keep. */
import type { Definition } from '#core/api/definition.ts'
import { faces } from './faces.ts'
import { doors } from './register.ts'

export const definitions: readonly Definition[] = [...doors, ...faces].flatMap(({ crds }) => crds)
