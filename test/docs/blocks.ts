/** The fenced commands of README.md and docs/: which there are, and what runs each of them. */
import { globSync, readFileSync } from 'node:fs'

export type Block = { readonly page: string; readonly language: string; readonly text: string }

/** Everything that people read and type from. */
export const pages: readonly string[] = ['README.md', ...globSync('docs/**/*.md').sort()]

/** All fences of a page in their order, those inside of lists without their indentation. */
export function fencesOf(page: string): readonly Block[] {
  const text = readFileSync(page, 'utf8')
  return [...text.matchAll(/^( *)```(\w*)\n([\s\S]*?)^ *```$/gm)].map(
    ([, indent = '', language = '', body = '']) => ({
      page,
      language,
      text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }),
  )
}

/** Fences with what is typed. */
export function commandsOf(page: string): readonly Block[] {
  return fencesOf(page).filter(({ language }) => language === 'sh' || language === 'console')
}

/** What the runner has ready for a page. */
export type Walking = {
  /** Types further lines, as the blocks are typed. */
  readonly type: (text: string) => Promise<string>
  /** Starts a controller as a ServiceAccount; it ends with the page. */
  readonly controllerAs: (at: { namespace: string; account: string }) => Promise<void>
}

export type Said =
  /** It is run here, after those before it. */
  | {
      readonly starts: string
      readonly by: 'here'
      /** What nobody has said yet by then. */
      readonly before?: (walking: Walking) => Promise<unknown>
      /** Names that stand for those of the reader. */
      readonly instead?: Readonly<Record<string, string>>
      /** It goes on until somebody ends it; ended after so many seconds. */
      readonly seconds?: number
      /** What it prints, among other things. */
      readonly says?: string
    }
  /** A test of its own runs it; the path of the file. */
  | { readonly starts: string; readonly by: 'test'; readonly test: string }
  /** Nothing here can, and why. */
  | { readonly starts: string; readonly by: 'nobody'; readonly why: string }

export type Page = {
  /** `local`: a local cluster with its controller, as `headgate local` has it; `bare`: nobody has installed anything. */
  readonly cluster: 'local' | 'bare'
  readonly blocks: readonly Said[]
}
