/**
 * Takes the pictures of the dashboard that the docs show, into docs/images: a local cluster with real releases in several
 * states, as a desktop, a phone and a dark screen see it. Needs Chromium.
 */
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { type Look, openBrowser, openTab } from '../test/dashboard/chromium.ts'
import { type LocalStage, openLocalStage } from '../test/dashboard/local-stage.ts'
import { writeDashboard } from './dashboard.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'docs/images')
const mostBytes = 200_000

type Picture = Look & {
  readonly name: string
  readonly at: string
  /** A button to press first. */
  readonly press?: string
}

const shop = '#/release/headgate/default/shop'
const failed = '#/release/headgate/default/search'
const pictures: readonly Picture[] = [
  { name: 'dashboard', at: shop, width: 1200, height: 1000, scale: 1.15 },
  { name: 'dashboard-dark', at: failed, width: 1200, height: 1000, scale: 1.15, dark: true },
  { name: 'dashboard-list', at: '#/', width: 1200, height: 520, scale: 1.155 },
  { name: 'dashboard-abort', at: shop, width: 900, height: 620, press: 'Abort' },
  { name: 'dashboard-phone', at: shop, width: 360, height: 800, scale: 1.5 },
  { name: 'dashboard-phone-list', at: '#/', width: 360, height: 800, scale: 1.5 },
]

async function take(
  browser: Browser,
  base: string,
  { name, at, press, ...look }: Picture,
): Promise<void> {
  const { page, complaints, close } = await openTab(browser, `${base}/${at}`, look)
  await page
    .locator(at === '#/' ? '.row' : '.panel')
    .first()
    .waitFor()
  // Charts are drawn, and the picture is fresh.
  await page.getByText('Live', { exact: true }).waitFor()
  if (at !== '#/') await page.locator('.chart canvas').first().waitFor()
  if (press !== undefined) {
    await page.getByRole('button', { name: press, exact: true }).click()
    await page.getByText('This will happen:').waitFor()
  }
  const path = join(folder, `${name}.png`)
  await page.screenshot({ path })
  await close()
  if (complaints.length > 0) throw new Error(`${name}: ${complaints.join('; ')}`)
  const { size } = statSync(path)
  if (size > mostBytes) throw new Error(`${name}.png has ${size} bytes; make it smaller`)
  process.stdout.write(`${name}.png ${Math.round(size / 1000)} kB\n`)
}

/** Releases in all the states that people meet. */
async function fill({ play, ask, until }: LocalStage): Promise<void> {
  const held = [{ weight: 20 }, { pause: {} }, { weight: 60 }]
  const slow = [
    { weight: 20 },
    { pause: '20s' },
    { weight: 50 },
    { pause: '10m' },
    { analysis: ['errors'] },
    { weight: 80 },
    { pause: '5m' },
  ]
  await Promise.all([
    play('shop', slow),
    play('cart', held),
    play('search'),
    play('profile'),
    play('mailer'),
  ])
  await Promise.all([ask('search', 'v3-error30'), ask('cart', 'v2'), ask('mailer', 'v2')])
  await until('search', ({ status }) => status?.phase === 'Failed')
  await until('mailer', ({ status }) => status?.phase === 'Completed')
  await ask('shop', 'v2')
  await until('shop', ({ status }) => status?.trials?.[0]?.step === 3)
}

await writeDashboard(join(root, 'dist/dashboard'))
mkdirSync(folder, { recursive: true })
const stage = await openLocalStage()
const browser = await openBrowser()
try {
  await fill(stage)
  for (const picture of pictures) await take(browser, stage.dashboard, picture)
} finally {
  await browser.close()
  await stage.stop()
}
