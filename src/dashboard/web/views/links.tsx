/** Links that the object's author gave: to https only, and without telling the other side where from. */
import type { JSX } from 'preact'
import type { LinkView } from '../../wire.ts'

export function Links({ links }: { readonly links: readonly LinkView[] }): JSX.Element {
  return (
    <>
      {links.filter(isSafe).map(({ title, url }) => (
        <a key={url} class="link" href={url} target="_blank" rel="noopener noreferrer">
          {title}
          <span class="unseen"> (opens in a new tab)</span>
        </a>
      ))}
    </>
  )
}

/** The server lets nothing else through; the page does not rely on it. */
function isSafe({ url }: LinkView): boolean {
  return URL.canParse(url) && new URL(url).protocol === 'https:'
}
