/** One release: why it waits first, then traffic and steps, then what they rest on. */
import { useComputed } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { ActionView, ReleaseDetail, ReleaseId, ReleaseRow } from '../../wire.ts'
import { ask, verbWords } from '../model/acting.ts'
import { go, hashOf, lastList } from '../model/address.ts'
import { speak } from '../model/announce.ts'
import { keyOf } from '../model/filter.ts'
import { helpOpen, shortcuts } from '../model/keys.ts'
import { unseen } from '../model/live.ts'
import { detailOf, known, listedRow } from '../model/picture.ts'
import { nextTheme } from '../model/preferences.ts'
import { Empty } from '../parts/empty.tsx'
import { Glyph } from '../parts/glyph.tsx'
import { PhaseBadge } from '../parts/phase.tsx'
import { Actions } from './actions.tsx'
import { Conditions, Problems } from './conditions.tsx'
import { Decisions } from './decisions.tsx'
import { Links } from './links.tsx'
import { Looks } from './looks.tsx'
import { Manifest } from './manifest.tsx'
import { Metrics } from './metrics.tsx'
import { Revisions } from './revisions.tsx'
import { Steps } from './steps.tsx'
import { Traffic } from './traffic.tsx'
import { Why } from './why.tsx'

export function ReleaseView({ id }: { readonly id: ReleaseId }): JSX.Element {
  const detail = detailOf(id)
  // The list knows the gist of it already.
  const listed = useComputed(() => listedRow(keyOf(id)))
  const row = detail ?? listed.value
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    // Who came by a link hears where they are.
    heading.current?.focus({ preventScroll: true })
    scrollTo(0, 0)
  }, [])
  useKeys(id, detail?.actions ?? [])
  const { type, message } = detail?.reason ?? {}
  useEffect(() => {
    document.title = detail === undefined ? id.name : `${id.name} · ${detail.phase} – Headgate`
    if (detail !== undefined) speak(`${detail.phase}. ${detail.reason.message}`)
  }, [detail?.phase, type, message])
  return (
    <article class="release">
      <nav class="trail" aria-label="Way back">
        <a href={hashOf({ kind: 'list', filter: lastList.value })}>
          <Glyph name="back" /> Releases
        </a>
      </nav>
      <header class="release-head">
        <div class="release-name">
          <h1 ref={heading} tabIndex={-1}>
            {id.name}
          </h1>
          {row === undefined ? null : <PhaseBadge row={row} />}
        </div>
        <div class="release-where">
          <span>
            {row === undefined ? '' : `${row.kind} · `}
            {id.namespace} · door {id.door}
            {row === undefined ? '' : ` · ${row.strategy}`}
          </span>
          {row?.images.map((image) => (
            <code key={image} class="image">
              {image}
            </code>
          ))}
          {detail === undefined ? null : <Links links={detail.links} />}
        </div>
      </header>
      {row === undefined ? null : <Why row={row} detail={detail} />}
      {detail === undefined ? <NotThere row={row} /> : <Parts id={id} detail={detail} />}
    </article>
  )
}

function NotThere({ row }: { readonly row: ReleaseRow | undefined }): JSX.Element {
  if (unseen.value === undefined && (!known.value || row !== undefined))
    return <p class="hint page-hint">Waiting for the whole picture …</p>
  const absent =
    unseen.value?.isForbidden === true
      ? 'You may not look at this release'
      : 'There is no such release'
  return (
    <Empty title={row === undefined ? absent : 'This is all that you may see'}>
      <p>{unseen.value?.why ?? 'It was deleted, or you have no right to see it.'}</p>
      <a class="button" href={hashOf({ kind: 'list', filter: lastList.value })}>
        To all releases
      </a>
    </Empty>
  )
}

function Parts({
  id,
  detail,
}: {
  readonly id: ReleaseId
  readonly detail: ReleaseDetail
}): JSX.Element {
  return (
    <>
      <Actions id={id} actions={detail.actions} />
      <Problems problems={detail.problems} />
      <div class="columns">
        <div class="column">
          <Traffic weights={detail.weights} route={detail.route} />
          <Steps detail={detail} />
          <Metrics analyses={detail.analyses} />
          <Looks looks={detail.looks} />
          <Revisions revisions={detail.revisions} weights={detail.weights} />
        </div>
        <div class="column">
          <Decisions decisions={detail.decisions} />
          <Conditions conditions={detail.conditions} />
        </div>
      </div>
      <Manifest text={detail.manifest} />
    </>
  )
}

const actionKeys: readonly { readonly key: string; readonly verb: ActionView['verb'] }[] = [
  { key: 'p', verb: 'promote' },
  { key: 'f', verb: 'promote-full' },
  { key: 's', verb: 'pause' },
  { key: 'r', verb: 'resume' },
  { key: 'a', verb: 'abort' },
  { key: 't', verb: 'retry' },
  { key: 'u', verb: 'undo' },
]

function useKeys(id: ReleaseId, actions: readonly ActionView[]): void {
  // Before it is painted: who sees that something can be done can do it.
  useLayoutEffect(() => {
    const own = actionKeys.flatMap(({ key, verb }) => {
      const action = actions.find((one) => one.verb === verb && one.allowed)
      return action === undefined
        ? []
        : [{ key, words: `${verbWords[verb]} …`, act: () => void ask({ id, action }) }]
    })
    shortcuts.value = [
      ...own,
      {
        key: 'Escape',
        words: 'Back to all releases',
        act: () => go({ kind: 'list', filter: lastList.value }),
      },
      { key: '?', words: 'These keys', act: () => (helpOpen.value = true) },
      { key: 'd', words: 'Colours: system, light, dark', act: nextTheme },
    ]
  }, [actions])
}
