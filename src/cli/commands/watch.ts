/** `headgate watch`: releases live. On a terminal the picture is redrawn; elsewhere each change is a line. */

import type { Cancel } from '#kube/ports.ts'
import { type Entry, fullName } from '#releases/entry.ts'
import { UsageError } from '#releases/errors.ts'
import { phaseOf, reasonOf, stepText, weightsText } from '#releases/facts.ts'
import { findEntry } from '#releases/find.ts'
import { follow } from '#releases/follow.ts'
import { revisionsOf } from '#releases/parts.ts'
import { type ClusterOptions, type Connected, withCluster } from '../releases/connect.ts'
import { detail } from '../releases/detail.ts'
import { headings, row } from '../releases/rows.ts'
import { Screen } from '../show/screen.ts'
import { table } from '../show/table.ts'
import { harmless, type Terminal, terminalOf } from '../show/terminal.ts'
import { stopSignal } from '../signals.ts'

export type WatchCommand = ClusterOptions & {
  readonly allNamespaces?: boolean
  readonly selector?: string
}

export async function watch(names: readonly string[], options: WatchCommand): Promise<void> {
  const { allNamespaces = false, selector } = options
  if (names.length > 0 && (allNamespaces || selector !== undefined))
    throw new UsageError('a name stands alone; leave it out to use -A or -l')
  const terminal = terminalOf(process.stdout)
  await withCluster(options, async (connected) => {
    const found = await Promise.all(names.map((name) => findEntry(connected, name)))
    const uids = new Set(found.map(({ object }) => object.metadata.uid))
    const isMeant = ({ object }: Entry): boolean =>
      names.length === 0 || uids.has(object.metadata.uid)
    const wanted = { namespace: allNamespaces ? undefined : connected.namespace, selector }
    const live = terminal.isTerminal
      ? redrawn(connected, terminal, { namespaces: allNamespaces, whole: names.length === 1 })
      : lines(connected, terminal, allNamespaces)
    try {
      await follow(connected, wanted, (entries) => live.tell(entries.filter(isMeant)), stopSignal())
    } finally {
      live.end()
    }
  })
}

type Live = { readonly tell: (entries: readonly Entry[]) => void; readonly end: () => void }

/** `2026-11-21T03:00:00.123Z headgate/shop Progressing 2/4 80/20 WaitingForPause: step 2 waits for 5m`. */
function lines({ cluster }: Connected, terminal: Terminal, namespaces: boolean): Live {
  const said = new Map<string, string>()
  return {
    tell: (entries) => {
      for (const entry of entries) {
        const { type, message } = reasonOf(entry)
        const name = `${namespaces ? `${entry.namespace} ` : ''}${fullName(entry)}`
        const parts = [name, phaseOf(entry), stepText(entry), weightsText(entry)]
        const text = harmless(`${parts.join(' ')} ${type}: ${message}`)
        if (said.get(name) === text) continue
        said.set(name, text)
        terminal.write(`${new Date(cluster.ports.clock.now()).toISOString()} ${text}\n`)
      }
    },
    end: () => {},
  }
}

const frameMs = 1000

/** Drawn anew with each change, and each second, since ages move. */
function redrawn(
  { cluster }: Connected,
  terminal: Terminal,
  { namespaces, whole }: { readonly namespaces: boolean; readonly whole: boolean },
): Live {
  const { clock } = cluster.ports
  const screen = new Screen(process.stdout)
  let [shown, cancel]: [readonly Entry[], Cancel] = [[], () => {}]
  const draw = async (): Promise<void> => {
    cancel()
    screen.draw(await picture())
    cancel()
    if (!screen.isEnded) cancel = clock.after(frameMs, () => void draw())
  }
  const picture = async (): Promise<readonly string[]> => {
    const now = clock.now()
    const { paint } = terminal
    const [only] = shown
    if (whole && only !== undefined) {
      const revisions = await revisionsOf(cluster, only)
      return [...detail({ entry: only, revisions, now, paint, all: false }), '', ...lately(only)]
    }
    const columns = { namespaces, wide: true }
    if (shown.length === 0) return ['No releases yet.']
    return table(
      headings(columns),
      shown.map((entry) => row(entry, columns, { now, paint })),
    )
  }
  return {
    tell: (entries) => {
      shown = entries
      void draw().catch(() => {})
    },
    end: () => {
      cancel()
      screen.end()
    },
  }
}

const mostDecisions = 6

function lately({ book }: Entry): readonly string[] {
  const recent = (book?.decisions ?? []).slice(-mostDecisions)
  return recent.map(({ at, action, by, message }) => {
    const time = new Date(at).toISOString().slice(11, 19)
    return harmless(`${time}  ${action}${by === undefined ? '' : ` by ${by}`}: ${message}`)
  })
}
