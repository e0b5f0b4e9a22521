/** A thousand releases: few of them are drawn, all of them are reached, and a change finds the row that is seen. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import { releaseOf } from '../../bench/objects.ts'
import { openBrowser, openTab, type Tab } from './chromium.ts'
import { openStage, type Stage } from './stage.ts'

const many = 1000

let stage: Stage
let browser: Browser
let tab: Tab

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([openStage(), openBrowser()])
  for (let index = 0; index < many; index += 1)
    await stage.cluster.api.create(kinds.release, releaseOf(`app-${index}`, '0s'))
  const { url } = await stage.open({ access: { kind: 'open' } })
  tab = await openTab(browser, `${url}/#/`)
  await tab.page.locator('.group', { hasText: `All ${many}` }).waitFor()
})

afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

test('the table says how many there are, and draws those that can be seen', async () => {
  const { page } = tab
  expect(await page.getByRole('table').getAttribute('aria-rowcount')).toBe(String(many + 1))
  const drawn = await page.locator('.row').count()
  expect(drawn).toBeGreaterThan(8)
  expect(drawn).toBeLessThan(40)
})

test('the last is reached by one key, the first by another, and each place by scrolling', async () => {
  const { page } = tab
  const focused = (): Promise<string> => page.evaluate<string>('document.activeElement.textContent')
  await page.keyboard.press('j')
  await page.keyboard.press('End')
  await expect.poll(focused).toBe(`app-${many - 1}`)
  expect(await page.locator('.row-link:focus').isVisible()).toBe(true)
  await page.keyboard.press('Home')
  await expect.poll(focused).toBe('app-0')
  await page.evaluate('scrollTo(0, 500 * 56)')
  await page.getByText('app-500', { exact: true }).waitFor()
  // Scrolled away, the row with the focus is still there.
  expect(await focused()).toBe('app-0')
  expect(await page.locator('.row').count()).toBeLessThan(40)
})

test('a change is seen in the row that is shown; what is made and deleted comes and goes', async () => {
  const { page } = tab
  const { api } = stage.cluster
  const at = { namespace: 'default', name: 'app-500' }
  const reason = { type: 'ShiftingTraffic', message: 'the weight is written', since: instant }
  const status = { phase: 'Progressing', reason }
  await api.patch(kinds.release, at, 'merge', { status }, { subresource: 'status' })
  await page.locator('.row', { hasText: 'app-500' }).getByText('Progressing').waitFor()
  await api.create(kinds.release, releaseOf('app-500-more', '0s'))
  await page.getByText('app-500-more', { exact: true }).waitFor()
  await api.remove(kinds.release, { namespace: 'default', name: 'app-501' })
  await page.getByText('app-501', { exact: true }).waitFor({ state: 'detached' })
  await page.getByRole('searchbox').fill('app-50 shifting')
  await page.locator('.group', { hasText: 'All 1' }).waitFor()
  expect(await page.locator('.row').count()).toBe(1)
  expect(tab.complaints).toEqual([])
})

const instant = '2026-11-21T03:00:00.000Z'
