/** A release as people see it: watched to its end, held, let go, turned back; and a server that goes away and returns. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../free-port.ts'
import { findings, openBrowser, openTab, type Tab } from './chromium.ts'
import { type LocalStage, openLocalStage } from './local-stage.ts'

let stage: LocalStage
let browser: Browser
const tabs: Tab[] = []

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([openLocalStage(), openBrowser()])
})

afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

async function open(url: string): Promise<Page> {
  const tab = await openTab(browser, url, { motion: true })
  tabs.push(tab)
  return tab.page
}

function heading(page: Page, name: string): Promise<void> {
  return page.getByRole('heading', { level: 1, name }).waitFor()
}

async function press(page: Page, words: string): Promise<void> {
  await page
    .getByRole('region', { name: 'Actions' })
    .getByRole('button', { name: words, exact: true })
    .click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('This will happen:').waitFor()
  await dialog.getByRole('button', { name: words, exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
}

function phaseIs(page: Page, phase: string): Promise<void> {
  return page.locator('.release-name .badge', { hasText: phase }).waitFor({ timeout: 40_000 })
}

/** Every share of the candidate that the route confirmed while we looked. */
async function collectShares(page: Page): Promise<() => Promise<readonly string[]>> {
  await page.evaluate(`
    window.seen = [];
    new MutationObserver(() => {
      const row = [...document.querySelectorAll('.weights tbody tr')].find((one) => one.querySelector('th').textContent === 'canary');
      const share = row?.querySelector('strong').textContent;
      if (share !== undefined && window.seen.at(-1) !== share) window.seen.push(share);
    }).observe(document.querySelector('main'), { subtree: true, childList: true, characterData: true })`)
  return () => page.evaluate<readonly string[]>('window.seen')
}

test('a canary is watched from the list to its end', async () => {
  await stage.play('shop')
  const page = await open(stage.dashboard)
  await page.getByRole('link', { name: 'shop', exact: true }).click()
  await heading(page, 'shop')
  await phaseIs(page, 'Completed')
  const shares = await collectShares(page)
  await stage.ask('shop', 'v2')
  await phaseIs(page, 'Progressing')
  const steps = page.getByRole('list', { name: 'Steps of canary' })
  await steps.locator('[aria-current=step]', { hasText: 'analysis of errors' }).waitFor()
  await page.locator('.metric .verdict', { hasText: 'passing' }).waitFor()
  expect(await page.getByRole('img', { name: /^errors over time: / }).count()).toBe(1)
  await phaseIs(page, 'Completed')
  for (const summary of await page.locator('.samples > summary').all()) await summary.click()
  expect(await findings(page)).toEqual([])
  // A share that stands for less than a frame's time may be skipped; those that a step holds are not.
  expect(await shares()).toEqual(expect.arrayContaining(['20 %', '50 %', '80 %']))
  await page.getByText('example/shop:v2').first().waitFor()
  await page
    .getByRole('region', { name: 'Decisions' })
    .getByText('Complete', { exact: true })
    .first()
    .waitFor()
})

test('it is paused, resumed, promoted and aborted, each with its say in the record', async () => {
  await stage.play('cart', [{ weight: 20 }, { pause: {} }, { weight: 50 }, { pause: {} }])
  const page = await open(`${stage.dashboard}/#/release/headgate/default/cart`)
  await stage.ask('cart', 'v2')
  const why = page.getByRole('region', { name: 'Why it is where it is' })
  await why.getByText('WaitingForApproval').waitFor({ timeout: 30_000 })
  await press(page, 'Pause')
  await why.getByText('Paused', { exact: true }).waitFor()
  await press(page, 'Resume')
  await why.getByText('WaitingForApproval').waitFor()
  await press(page, 'Promote')
  await page.getByRole('row', { name: /canary.*50 %/ }).waitFor()
  await why.getByText('WaitingForApproval').waitFor()
  await press(page, 'Abort')
  await phaseIs(page, 'Failed')
  const record = page.getByRole('region', { name: 'Decisions' })
  for (const action of ['Pause', 'Resume', 'Promote', 'Abort'])
    await record.getByText(action, { exact: true }).first().waitFor()
})

test('what was meant for a step that is over is refused with a sentence', async () => {
  await stage.play('late', [{ weight: 20 }, { pause: {} }, { weight: 50 }, { pause: {} }])
  const page = await open(`${stage.dashboard}/#/release/headgate/default/late`)
  const other = await open(`${stage.dashboard}/#/release/headgate/default/late`)
  await stage.ask('late', 'v2')
  for (const one of [page, other])
    await one.locator('.why').getByText('WaitingForApproval').waitFor({ timeout: 30_000 })
  await page.keyboard.press('p')
  const dialog = page.getByRole('dialog')
  await dialog.getByText('This will happen:').waitFor()
  await press(other, 'Promote')
  await other.getByRole('row', { name: /canary.*50 %/ }).waitFor()
  await dialog.getByRole('button', { name: 'Promote', exact: true }).click()
  const refusal = dialog.getByRole('alert')
  await refusal.waitFor()
  expect(await refusal.textContent()).toMatch(/step|revision/)
  await dialog.getByRole('button', { name: 'Look again' }).click()
  await dialog.getByText('This will happen:').waitFor()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
})

test('a server that dies is told of, and its return is too', async () => {
  const port = await freePort()
  const first = await serve(port)
  const page = await open(`http://127.0.0.1:${port}/#/release/headgate/default/shop`)
  await heading(page, 'shop')
  await page.getByText('Live', { exact: true }).waitFor()
  await page.getByRole('region', { name: 'Traffic' }).waitFor()
  first.kill('SIGKILL')
  await page.getByText('Not connected').waitFor()
  await page.getByText(/What you see is .* old/).waitFor()
  expect(await page.locator('.actions .button:enabled').count()).toBe(0)
  const second = await serve(port)
  await page.getByRole('button', { name: 'Try now' }).click()
  await page.getByText('Connected again; the picture is fresh.').waitFor()
  await page.getByText('Live', { exact: true }).waitFor()
  expect(await page.getByText(/What you see is .* old/).count()).toBe(0)
  const ended = once(second, 'exit')
  second.kill('SIGTERM')
  await ended
})

test('through all of this the browser had nothing to complain of', async () => {
  expect(tabs.length).toBeGreaterThan(3)
  expect(tabs.flatMap(({ complaints }) => complaints)).toEqual([])
})

async function serve(port: number): Promise<ChildProcess> {
  const words = ['dashboard', '--kubeconfig', stage.kubeconfig, '--address', `127.0.0.1:${port}`]
  const child = spawn(process.execPath, ['src/cli/main.ts', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => {
      throw new Error('the dashboard ended before it listened')
    }),
  ])
  return child
}
