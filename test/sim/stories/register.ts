/** The one list of story kinds. */
import { canary } from './canary.ts'
import type { Story } from './story.ts'

export const stories: Readonly<Record<string, Story>> = { canary }

/** @throws Error for a name that is not in the list. */
export function storyOf(name: string): Story {
  const story = stories[name]
  if (story === undefined) throw new Error(`there is no story of the kind ${name}`)
  return story
}
