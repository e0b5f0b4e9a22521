/** The dashboard's page in a real Chromium: whether it stays smooth over a thousand releases of which fifty change a second. */
import { fileURLToPath } from 'node:url'
import type { CDPSession, Page } from 'playwright-core'
import type { Release } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { openBrowser, openTab } from '#test/dashboard/chromium.ts'
import { openStage, type Stage } from '#test/dashboard/stage.ts'
import { writeDashboard } from '../scripts/dashboard.ts'
import { releaseOf } from './objects.ts'
import { milliseconds, type Row, spread } from './table.ts'

const releases = 1000
const changesPerSecond = 50
const lookMs = 6000

/** A frame this late was seen to be missing: one of sixty a second was left out. */
const lateMs = 25

type Frames = {
  readonly gaps: readonly number[]
  /** Share of the time in which the page's own thread was busy. */
  readonly busy: number
}

export async function dashboardPageRows(): Promise<readonly Row[]> {
  await writeDashboard(fileURLToPath(new URL('../dist/dashboard', import.meta.url)))
  const stage = await openStage()
  const browser = await openBrowser()
  try {
    for (let index = 0; index < releases; index += 1)
      await stage.cluster.api.create(kinds.release, releaseOf(nameOf(index), '0s'))
    const { url } = await stage.open({ access: { kind: 'open' } })
    const { page } = await openTab(browser, `${url}/#/`, { motion: true })
    await page.locator('.group', { hasText: `All ${releases}` }).waitFor()
    const session = await page.context().newCDPSession(page)
    await session.send('Performance.enable')
    const still = await framesOf(page, session, '')
    const stop = startChanges(stage)
    const changing = await framesOf(page, session, '')
    const scrolled = await framesOf(page, session, scrollOn)
    await stop()
    return [
      row('nothing changes', still, undefined),
      row(`${changesPerSecond} changes a second`, changing, still),
      {
        ...row('the same while it is scrolled from end to end', scrolled, still),
        target: '',
        met: undefined,
      },
    ]
  } finally {
    await browser.close()
    await stage.stop()
  }
}

function nameOf(index: number): string {
  return `app-${index}`
}

/** With each frame a little further down, and from the top again. */
const scrollOn = 'scrollTo(0, (at.length * 120) % end)'

async function framesOf(page: Page, session: CDPSession, each: string): Promise<Frames> {
  const before = await busyMs(session)
  const startedAt = performance.now()
  const at = await page.evaluate<number[]>(`new Promise((resolve) => {
    const at = []
    const end = document.body.scrollHeight - innerHeight
    const next = (now) => {
      at.push(now)
      ${each}
      if (now - at[0] < ${lookMs}) requestAnimationFrame(next)
      else resolve(at)
    }
    requestAnimationFrame(next)
  })`)
  const took = performance.now() - startedAt
  const gaps = at.slice(1).map((now, index) => now - (at[index] ?? now))
  return { gaps, busy: ((await busyMs(session)) - before) / took }
}

async function busyMs(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics')
  return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1000
}

/** Weights and reasons of one release after the other, so that rows that are seen change too. */
function startChanges({ cluster }: Stage): () => Promise<void> {
  let turn = 0
  let last: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => {
    turn += 1
    const at = { namespace: 'default', name: nameOf((turn * 7) % releases) }
    const status = statusOf(turn)
    last = cluster.api
      .patch<Release>(kinds.release, at, 'merge', { status }, { subresource: 'status' })
      .catch(() => undefined)
  }, 1000 / changesPerSecond)
  return async () => {
    clearInterval(timer)
    await last
  }
}

function statusOf(turn: number): object {
  const weight = turn % 101
  const at = new Date().toISOString()
  const role = (revision: string, share: number): object => ({
    ...{ revision, replicas: 1, ready: 1 },
    weight: { wanted: share, confirmed: share },
  })
  return {
    phase: 'Progressing',
    reason: { type: 'ShiftingTraffic', message: `weight ${weight} is written`, since: at },
    stable: role('r1', 100 - weight),
    candidates: [{ name: 'canary', ...role('r2', weight) }],
  }
}

/** Late frames are compared with those of a page at rest, which are the machine's own. */
function row(when: string, { gaps, busy }: Frames, still: Frames | undefined): Row {
  const { median, max } = spread(gaps)
  const [late, lateAtRest] = [shareLate(gaps), still === undefined ? 0 : shareLate(still.gaps)]
  return {
    id: 'page',
    what: `the page over ${releases.toLocaleString('en')} releases, ${when}`,
    value: `frame median ${milliseconds(median)}, max ${milliseconds(max)}; late ${percent(late)}; busy ${percent(busy)}`,
    target: still === undefined ? '' : 'late ≤ 2 % beyond rest',
    met: still === undefined ? undefined : late - lateAtRest <= 0.02,
  }
}

function shareLate(gaps: readonly number[]): number {
  return gaps.filter((gap) => gap > lateMs).length / gaps.length
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
