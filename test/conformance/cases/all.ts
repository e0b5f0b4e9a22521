/** The one table of all cases. */
import type { Case } from '../case.ts'
import { accessCases } from './access.ts'
import { definitionCases } from './definitions.ts'
import { kindCases } from './kinds.ts'
import { listCases } from './lists.ts'
import { objectCases } from './objects.ts'
import { patchCases } from './patches.ts'

export const allCases: readonly Case[] = [
  ...kindCases,
  ...objectCases,
  ...patchCases,
  ...listCases,
  ...definitionCases,
  ...accessCases,
]
