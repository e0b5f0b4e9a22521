/** A real Chromium, and a record of everything that it must not have had to say. */
import { AxeBuilder } from '@axe-core/playwright'
import { type Browser, chromium, type Page } from 'playwright-core'

export type Look = {
  readonly dark?: boolean
  readonly width?: number
  readonly height?: number
  /** Off, unless it is what is looked at. */
  readonly motion?: boolean
  /** Pixels of the picture for each of the page. */
  readonly scale?: number
}

export type Tab = {
  readonly page: Page
  /** Dialogs, errors, refusals of the content security policy and requests to other hosts, as they came. */
  readonly complaints: readonly string[]
  readonly close: () => Promise<void>
}

export function openBrowser(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
  return chromium.launch({ executablePath, args: ['--no-sandbox'] })
}

export async function openTab(browser: Browser, url: string, look: Look = {}): Promise<Tab> {
  const { dark = false, width = 1280, height = 860, motion = false, scale = 1 } = look
  const context = await browser.newContext({
    viewport: { width, height },
    deviceScaleFactor: scale,
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: motion ? 'no-preference' : 'reduce',
    timezoneId: 'Europe/Berlin',
    locale: 'en-GB',
  })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
  page.on('popup', (popup) => complaints.push(`popup: ${popup.url()}`))
  page.on('console', (message) => {
    const text = message.text()
    // A server that is away, or that refuses, is told of by the browser too; the page shows it.
    if (message.type() === 'error' && !text.startsWith('Failed to load resource'))
      complaints.push(`console: ${text}`)
  })
  page.on('request', (request) => {
    const { origin } = new URL(request.url())
    if (origin !== new URL(url).origin) complaints.push(`asked ${request.url()}`)
  })
  await page.goto(url)
  return { page, complaints, close: () => context.close() }
}

/** The findings of axe with all its rules for the page as it stands, and whether it is wider than the window. */
export async function findings(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  const found = violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
  const over = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
  return over > 0 ? [...found, `wider than the window by ${over}`] : found
}
