/** Links that the object's author gave: to https only, and without telling the other side where from. */
import type { JSX } from 'preact'
import type { LinkView } from '../../wire.ts'
import { isSafe } from '../model/safe-address.ts'

export function Links({ links }: { readonly links: readonly LinkView[] }): JSX.Element {
  return (
    <>
      {links
        .filter(({ url }) => isSafe(url))
        .map(({ title, url }) => (
          <a key={url} class="link" href={url} target="_blank" rel="noopener noreferrer">
            {title}
            <span class="unseen"> (opens in a new tab)</span>
          </a>
        ))}
    </>
  )
}
