/** Links that people put on a release: annotations `link.headgate.dev/TITLE: https://…`. */
import type { KubeObject } from '#core/k8s/meta.ts'
import type { LinkView } from '../wire.ts'

const prefix = 'link.headgate.dev/'
const most = 20
const longest = 2000

/** Only https, and none that shows one host before an @ and leads to another. */
export function linksOf({ metadata }: KubeObject): readonly LinkView[] {
  return Object.entries(metadata.annotations ?? {})
    .filter(([key, url]) => key.startsWith(prefix) && isSafe(url))
    .slice(0, most)
    .map(([key, url]) => ({ title: key.slice(prefix.length), url }))
}

function isSafe(text: string): boolean {
  if (text.length > longest || !URL.canParse(text)) return false
  const { protocol, username, password } = new URL(text)
  return protocol === 'https:' && username === '' && password === ''
}
