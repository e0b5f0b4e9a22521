/** Instants: in the viewer's zone, with UTC in the title; ages that go on by themselves. */
import type { JSX } from 'preact'
import { now } from '../model/clock.ts'
import { age, duration, localTime, utcTime } from '../model/words.ts'

export function Instant({ at }: { readonly at: number }): JSX.Element {
  // Read without following it: a time of day does not change.
  return (
    <time dateTime={new Date(at).toISOString()} title={utcTime(at)}>
      {localTime(at, now.peek())}
    </time>
  )
}

/** `5m`. */
export function Age({ at }: { readonly at: number }): JSX.Element {
  return (
    <time dateTime={new Date(at).toISOString()} title={titleOf(at)}>
      {age(now.value - at)}
    </time>
  )
}

/** `3 min 20 s`. */
export function Since({ at }: { readonly at: number }): JSX.Element {
  return (
    <time dateTime={new Date(at).toISOString()} title={titleOf(at)}>
      {duration(now.value - at)}
    </time>
  )
}

/** What is told of an instant that has just passed; later it says nothing of what is to come. */
const passedMs = 5000

/** `looked at again in 12 s`, counting down. */
export function Ahead({
  at,
  what,
}: {
  readonly at: number
  readonly what: string
}): JSX.Element | null {
  const left = at - now.value
  if (left < -passedMs) return null
  return (
    <span>
      {what}{' '}
      <time dateTime={new Date(at).toISOString()} title={titleOf(at)}>
        {left < 500 ? 'any moment' : `in ${duration(left)}`}
      </time>
    </span>
  )
}

function titleOf(at: number): string {
  return `${localTime(at, now.peek())} (${utcTime(at)})`
}
