/** The page itself: by keyboard alone, for who cannot see it, on narrow and dark screens, and against hostile words. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Release } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { type Controlled, control } from '../../bench/controlled.ts'
import { install, isDone, releaseOf, setImage } from '../../bench/objects.ts'
import { watchUntil } from '../../src/cli/wait.ts'
import { findings, type Look, openBrowser, openTab, type Tab } from './chromium.ts'
import { idToken, openIssuer } from './issuer.ts'
import { grant, type Opened, openStage, type Stage } from './stage.ts'

let stage: Stage
let open: Opened
let controlled: Controlled
let browser: Browser
let tabs: Tab[] = []

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([openStage(), openBrowser()])
  controlled = await control(stage.cluster)
  open = await stage.open({ access: { kind: 'open' } })
  await put('shop')
  await put('held', [{ weight: 20 }, { pause: {} }, { weight: 50 }])
  await setImage(stage.cluster, 'held', 'shop:v1')
  await until('held', ({ status }) => status?.reason?.type === 'WaitingForApproval')
})

afterAll(async () => {
  await browser?.close()
  await controlled?.stop()
  await stage?.stop()
})

async function put(name: string, steps: readonly object[] = [{ weight: 50 }]): Promise<void> {
  await install(stage.cluster, releaseOf(name, '0s', { strategy: { canary: { steps } } }))
  await until(name, (release) => isDone(release, 'Completed'))
}

function until(name: string, holds: (release: Release) => boolean): Promise<void> {
  const { releases } = stage.cluster
  return watchUntil(releases, () => {
    const release = releases.get(`default/${name}`)
    return release !== undefined && holds(release)
  })
}

async function look(at: string, how: Look = {}, url = open.url): Promise<Page> {
  const tab = await openTab(browser, `${url}/${at}`, how)
  tabs.push(tab)
  return tab.page
}

/** Closes all that a test opened. The browser must have had nothing to complain of. */
async function done(): Promise<void> {
  const complaints = tabs.flatMap((tab) => tab.complaints)
  for (const tab of tabs) await tab.close()
  tabs = []
  expect(complaints).toEqual([])
}

const held = '#/release/headgate/default/held'
const mayLook = {
  apiGroups: ['headgate.dev'],
  resources: ['releases'],
  verbs: ['get', 'list', 'watch'],
}

describe('axe has no finding, and nothing is wider than the window', () => {
  const looks: readonly (readonly [string, Look])[] = [
    ['light', {}],
    ['dark', { dark: true }],
    ['narrow', { width: 360, height: 740 }],
  ]
  for (const [name, how] of looks)
    test(name, async () => {
      const found: string[] = []
      const page = await look('#/', how)
      const check = async (view: string): Promise<void> => {
        found.push(...(await findings(page)).map((finding) => `${view}: ${finding}`))
      }
      await page.locator('.row').first().waitFor()
      await check('list')
      await page.getByRole('searchbox').fill('there is nothing like this')
      await page.getByRole('heading', { name: 'Nothing matches' }).waitFor()
      await check('empty list')
      await page.goto(`${open.url}/${held}`)
      await page.getByRole('region', { name: 'Traffic' }).waitFor()
      for (const summary of await page.locator('details:not(details details) > summary').all())
        await summary.click()
      await page.getByRole('region', { name: 'Manifest as YAML' }).waitFor()
      await check('release')
      await page.getByRole('button', { name: 'Abort' }).click()
      await page.getByText('This will happen:').waitFor()
      await check('confirmation')
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'Keys' }).click()
      await page.getByRole('heading', { name: 'Keys' }).waitFor()
      await check('keys')
      await page.goto(`${open.url}/#/release/headgate/default/gone`)
      await page.getByRole('heading', { name: 'There is no such release' }).waitFor()
      await check('no release')
      expect(found).toEqual([])
      await done()
    })
})

test('everything is done by keyboard', async () => {
  const page = await look('#/')
  await page.locator('.row').first().waitFor()
  const focused = (): Promise<string> =>
    page.evaluate<string>('document.activeElement.textContent.trim() || document.activeElement.id')
  await page.keyboard.press('Tab')
  expect(await focused()).toBe('Skip to content')
  await page.keyboard.press('Enter')
  expect(await page.evaluate<string>('document.activeElement.id')).toBe('main')
  await page.keyboard.press('/')
  expect(await focused()).toBe('search')
  await page.keyboard.type('h')
  await page.keyboard.press('Escape')
  expect(await focused()).not.toBe('search')
  expect(await page.getByRole('searchbox').inputValue()).toBe('h')
  await page.keyboard.press('/')
  await page.keyboard.press('ArrowDown')
  expect(await focused()).toBe('held')
  await page.keyboard.press('j')
  await expect.poll(focused).toBe('shop')
  await page.keyboard.press('Home')
  await expect.poll(focused).toBe('held')
  await page.keyboard.press('Enter')
  await page.getByRole('region', { name: 'Actions' }).waitFor()
  expect(await focused()).toBe('held')
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keys' }).waitFor()
  await page.keyboard.press('Escape')
  await page.keyboard.press('s')
  const dialog = page.getByRole('dialog', { name: 'Pause held?' })
  await dialog.getByText('This will happen:').waitFor()
  expect(await focused()).toBe('Cancel')
  await page.keyboard.press('Tab')
  expect(await focused()).toBe('Pause')
  await page.keyboard.press('Enter')
  await dialog.waitFor({ state: 'detached' })
  await page.locator('.note', { hasText: /^held: / }).waitFor()
  await page.getByRole('button', { name: 'Resume' }).waitFor()
  await page.keyboard.press('r')
  await page.getByText('This will happen:').waitFor()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Pause', exact: true }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('table', { name: 'Releases' }).waitFor()
  await expect.poll(focused).toBe('held')
  expect(await page.getByRole('searchbox').inputValue()).toBe('h')
  await done()
})

describe('a dialog', () => {
  const active = (page: Page): Promise<string> =>
    page.evaluate<string>(`(() => {
      const one = document.activeElement;
      const dialog = document.querySelector('dialog[open]');
      if (one === document.body) return 'nothing';
      return (dialog === null || dialog.contains(one) ? '' : 'outside: ') + one.textContent.trim();
    })()`)
  const opened = async (): Promise<Page> => {
    const page = await look(held)
    await page.getByRole('button', { name: 'Abort' }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('This will happen:').waitFor()
    return page
  }
  const closed = (page: Page): Promise<void> =>
    page.getByRole('dialog').waitFor({ state: 'detached' })

  test('Escape closes it, and the focus is where it was', async () => {
    const page = await opened()
    await page.keyboard.press('Escape')
    await closed(page)
    expect(await active(page)).toBe('Abort')
    await done()
  })

  test('Enter presses the button that has the focus, which is at first the one that does nothing', async () => {
    const page = await opened()
    expect(await active(page)).toBe('Cancel')
    await page.keyboard.press('Enter')
    await closed(page)
    expect(await active(page)).toBe('Abort')
    // With the focus on no button, it presses none.
    await page.keyboard.press('Enter')
    await page.getByText('This will happen:').waitFor()
    await page.evaluate('document.activeElement.blur()')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Escape')
    await closed(page)
    const release = stage.cluster.releases.get('default/held')
    expect(release?.status?.reason?.type).toBe('WaitingForApproval')
    await done()
  })

  test('Tab goes round in it and never behind it', async () => {
    const page = await opened()
    const seen: string[] = []
    for (let presses = 0; presses < 8; presses += 1) {
      await page.keyboard.press(presses < 5 ? 'Tab' : 'Shift+Tab')
      seen.push(await active(page))
    }
    expect(new Set(seen.filter((one) => one !== 'nothing'))).toEqual(new Set(['Cancel', 'Abort']))
    await done()
  })

  test('who confirms keeps the focus until it is answered, also where it is refused', async () => {
    const page = await opened()
    const path = '**/api/v1/releases/**/actions/abort'
    const asked = Promise.withResolvers<void>()
    await page.route(path, async (route) => {
      if (route.request().method() !== 'POST') return route.continue()
      await asked.promise
      const error = { code: 409, message: 'it has moved on' }
      return route.fulfill({ status: 409, json: { error } })
    })
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByText('Asking the controller …').waitFor()
    expect(await active(page)).toBe('Asking the controller …')
    asked.resolve()
    await page.getByRole('alert').getByText('it has moved on').waitFor()
    expect(await active(page)).toBe('Look again')
    await page.keyboard.press('Enter')
    await page.getByText('This will happen:').waitFor()
    expect(await active(page)).toBe('Abort')
    await page.keyboard.press('Escape')
    await closed(page)
    const [tab] = tabs
    // The browser tells of every answer that is no success.
    expect(tab?.complaints.filter((text) => !text.includes('409'))).toEqual([])
    await tab?.close()
    tabs = []
  })
})

test('from the list to a release and back, the list is told once, and goes on', async () => {
  await put('onward')
  const page = await look('#/')
  await page.locator('.row').first().waitFor()
  const asked: (string | undefined)[] = []
  page.on('request', (request) => {
    if (request.url().includes('/api/v1/stream')) asked.push(request.headers()['last-event-id'])
  })
  await page.getByRole('link', { name: 'onward', exact: true }).click()
  await page.getByRole('region', { name: 'Traffic' }).waitFor()
  await setImage(stage.cluster, 'onward', 'shop:v1')
  await page.locator('.release-name .badge', { hasText: 'Completed' }).waitFor()
  await page.keyboard.press('Escape')
  const row = page.locator('.row', { hasText: 'onward' })
  await expect.poll(() => row.locator('.cell-version').textContent()).toBe('v1')
  expect(asked.length).toBeGreaterThan(0)
  for (const last of asked) expect(last).toMatch(/^[0-9a-f-]{36}\.\d+$/)
  await done()
})

test('of several changes in a row only the last is said, and no number of every second', async () => {
  // Nobody commands here, so that each reason is ours.
  const quiet = await openStage()
  const { api } = quiet.cluster
  await api.create(kinds.release, releaseOf('told', '0s'))
  const { url } = await quiet.open({ access: { kind: 'open' } })
  const page = await look('#/release/headgate/default/told', {}, url)
  await page.getByRole('region', { name: 'Decisions' }).waitFor()
  await page.clock.install()
  // From here on time goes on only as it is told to.
  await page.clock.pauseAt(Date.now() + 2000)
  await page.evaluate(`
    window.said = [];
    new MutationObserver(() => {
      for (const one of document.querySelectorAll('[role=status]'))
        if (one.textContent !== '') window.said.push(one.textContent);
    }).observe(document.body, { subtree: true, childList: true, characterData: true })`)
  const said = (): Promise<readonly string[]> =>
    page.evaluate<readonly string[]>('[...new Set(window.said)]')
  for (const message of ['the first', 'the second', 'the third']) {
    const reason = { type: 'Settling', message, since: '2026-11-21T03:00:00.000Z' }
    const status = { phase: 'Progressing', reason }
    const at = { namespace: 'default', name: 'told' }
    await api.patch(kinds.release, at, 'merge', { status }, { subresource: 'status' })
    const isShown = async (): Promise<boolean> => {
      await page.clock.runFor(16)
      return page.locator('.why-message', { hasText: message }).isVisible()
    }
    await expect.poll(isShown, { interval: 100, timeout: 10_000 }).toBe(true)
  }
  expect(await said()).toEqual([])
  await page.clock.runFor(5000)
  expect(await said()).toEqual(['Progressing. the third'])
  // By the page's clock the server has now been silent for longer than it ever is: it is asked anew.
  await page.clock.runFor(16_000)
  await page.clock.resume()
  await page.getByText('Connected again; the picture is fresh.').waitFor()
  await done()
  await quiet.stop()
})

test('a release that is deleted while it is looked at says so', async () => {
  await put('doomed')
  const page = await look('#/release/headgate/default/doomed')
  await page.getByRole('region', { name: 'Traffic' }).waitFor()
  await stage.cluster.api.remove(kinds.release, { namespace: 'default', name: 'doomed' })
  await page.getByRole('heading', { name: 'There is no such release' }).waitFor()
  await done()
})

test('a release that was deleted while the server was away says so once it is back', async () => {
  await put('absent')
  const first = await stage.open({ access: { kind: 'open' } })
  const page = await look('#/release/headgate/default/absent', {}, first.url)
  await page.getByRole('region', { name: 'Traffic' }).waitFor()
  const { port } = first.running
  await first.stop()
  await page.getByText('Not connected').waitFor()
  await stage.cluster.api.remove(kinds.release, { namespace: 'default', name: 'absent' })
  await stage.open({ access: { kind: 'open' }, address: { host: '127.0.0.1', port } })
  await page.getByRole('heading', { name: 'There is no such release' }).waitFor()
  expect(await page.getByRole('region', { name: 'Actions' }).count()).toBe(0)
  await done()
})

test('what waits for an approval needs somebody, and is told what to do next', async () => {
  await put('gated', [{ weight: 20 }, { gate: { approval: {} } }])
  await setImage(stage.cluster, 'gated', 'shop:v1')
  await until('gated', ({ status }) => status?.reason?.type === 'WaitingForGate')
  const page = await look('#/?show=attention')
  await page.getByRole('link', { name: 'gated', exact: true }).click()
  const why = page.getByRole('region', { name: 'Why it is where it is' })
  await why.getByText(/^Next: .*headgate promote headgate\/gated$/).waitFor()
  expect(await why.locator('code').allTextContents()).toEqual([
    'WaitingForGate',
    'headgate promote headgate/gated',
  ])
  await done()
})

test('a timed pause says when it goes on', async () => {
  await put('timed', [{ weight: 20 }, { pause: '10m' }])
  await setImage(stage.cluster, 'timed', 'shop:v1')
  await until('timed', ({ status }) => status?.reason?.type === 'WaitingForPause')
  const page = await look('#/release/headgate/default/timed')
  await page
    .locator('.why-facts')
    .getByText(/goes on in (10|9) min/)
    .waitFor()
  await done()
})

test('the version that failed is told beside the one that serves', async () => {
  await put('failing', [{ weight: 20 }, { pause: {} }])
  await setImage(stage.cluster, 'failing', 'shop:v1')
  await until('failing', ({ status }) => status?.reason?.type === 'WaitingForApproval')
  const page = await look('#/release/headgate/default/failing')
  await page.getByRole('button', { name: 'Abort' }).click()
  const dialog = page.getByRole('dialog', { name: 'Abort failing?' })
  await dialog.getByText('This will happen:').waitFor()
  await dialog.getByRole('button', { name: 'Abort' }).click()
  await until('failing', (release) => isDone(release, 'Failed', 2))
  await page.goto(`${open.url}/#/?q=failing`)
  const version = page.locator('.row .cell-version')
  await version.locator('s').getByText('v1').waitFor()
  expect(await version.textContent()).toBe('v0, failed: v1')
  await done()
})

test('an experiment shows what its judge has counted, and how sure it is', async () => {
  const judge = {
    success: 'sum(orders)',
    total: 'sum(visits)',
    direction: 'higher',
    minSamples: 1000,
  }
  const experiment = { candidates: [{ name: 'b', weight: 20 }], judge }
  await controlled.stop()
  await install(
    stage.cluster,
    releaseOf('lab', '0s', {
      strategy: { experiment },
      services: { stable: 'lab-stable', candidates: { b: 'lab-canary' } },
      analysis: {
        provider: { prometheus: { address: 'http://prometheus.monitoring.svc:9090' } },
        metrics: [{ name: 'errors', template: 'error-rate', max: 5 }],
      },
    }),
  )
  const seen = { candidate: 'b', revision: 'r1', at: '2026-11-21T03:00:00.000Z', looks: 3 }
  const counted = { hits: 1234, of: 12_000, rate: 0.1028 }
  const stable = { hits: 960, of: 12_000, rate: 0.08 }
  const status = {
    phase: 'Experimenting',
    reason: { type: 'WaitingForJudgement', message: 'not sure yet', since: seen.at },
    looks: [
      { ...seen, metric: 'judge:success', counted, stable, effect: 0.2854, confidence: 0.934 },
    ],
  }
  const at = { namespace: 'default', name: 'lab' }
  await stage.cluster.api.patch(kinds.release, at, 'merge', { status }, { subresource: 'status' })
  const page = await look('#/release/headgate/default/lab')
  const row = page.getByRole('region', { name: 'Counts of the judge' }).locator('tbody tr')
  await row.waitFor()
  expect(await row.locator('th, td').allTextContents()).toEqual([
    'b',
    'success',
    '10.3 % 1,234 of 12,000',
    '8 % 960 of 12,000',
    '+28.5 %',
    '93.4 % of 95 %',
  ])
  expect(await findings(page)).toEqual([])
  await done()
  await stage.cluster.api.remove(kinds.release, at)
  controlled = await control(stage.cluster)
})

test('single letters can be switched off, and the choice of colours stays', async () => {
  const page = await look(held)
  await page.getByRole('region', { name: 'Actions' }).waitFor()
  await page.keyboard.press('?')
  await page.getByRole('checkbox').uncheck()
  await page.keyboard.press('Escape')
  await page.keyboard.press('a')
  await page.keyboard.press('?')
  expect(await page.getByRole('dialog').count()).toBe(0)
  await page.getByRole('button', { name: 'Colours: system' }).click()
  await page.getByRole('button', { name: 'Colours: light' }).click()
  await page.reload()
  await page.getByRole('button', { name: 'Colours: dark' }).waitFor()
  expect(
    await page.evaluate<string>('getComputedStyle(document.documentElement).colorScheme'),
  ).toBe('dark')
  await done()
})

test('who wants nothing to move sees nothing move', async () => {
  for (const motion of [true, false]) {
    const page = await look('#/', { motion })
    const water = page.locator('.row .water').first()
    await water.waitFor()
    const took = await page.evaluate<string>(
      "getComputedStyle(document.querySelector('.row .water')).transitionDuration.split(', ')[0]",
    )
    expect(took === '0s').toBe(!motion)
  }
  await done()
})

test('times are of the viewer, and UTC is in their title', async () => {
  const page = await look(held)
  const time = page.locator('.decision time').first()
  await time.waitFor()
  const at = new Date((await time.getAttribute('datetime')) ?? '')
  // Europe/Berlin, as the browser of these tests is.
  const local = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: 'Europe/Berlin' })
  expect(await time.textContent()).toContain(local.format(at))
  expect(await time.getAttribute('title')).toBe(
    `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`,
  )
  await done()
})

describe('hostile words', () => {
  const markup =
    '"><img src=x onerror=alert(1)><script>alert(2)</script><style>*{display:none}</style>'
  const turned = '\u202egnp.exe'

  test('are shown as they are, and nothing of them happens', async () => {
    await controlled.stop()
    const annotations = {
      'link.headgate.dev/javascript': 'javascript:alert(3)',
      'link.headgate.dev/data': 'data:text/html,<script>alert(4)</script>',
      'link.headgate.dev/plain': 'http://127.0.0.1/',
      'link.headgate.dev/fine': 'https://example.com/"onmouseover="alert(5)',
      note: markup,
    }
    const { metadata, ...rest } = releaseOf('hostile', '0s')
    await stage.cluster.api.create(kinds.release, {
      ...rest,
      metadata: { ...metadata, annotations },
    } as Release)
    await setImage(stage.cluster, 'hostile', markup)
    const at = { namespace: 'default', name: 'hostile' }
    const instant = '2026-11-21T03:00:00.000Z'
    const status = {
      phase: 'Failed',
      reason: { type: 'Aborted', message: markup + turned, since: instant },
      decisions: [
        {
          at: instant,
          action: 'Retreat',
          reason: 'Aborted',
          message: markup,
          revision: 'r1',
          by: markup,
        },
      ],
      conditions: [
        {
          type: 'Ready',
          status: 'False',
          reason: 'Aborted',
          message: markup,
          lastTransitionTime: instant,
        },
      ],
    }
    await stage.cluster.api.patch(kinds.release, at, 'merge', { status }, { subresource: 'status' })
    const page = await look('#/?q=hostile')
    await page.locator('.row').getByText('<img src=x').waitFor()
    await page.locator('.row-link').click()
    await page.locator('.why').getByText('<img src=x').waitFor()
    await page.locator('.image').getByText('<img src=x').waitFor()
    await page.getByText('Manifest').click()
    await page
      .getByRole('region', { name: 'Manifest as YAML' })
      .getByText('javascript:alert')
      .waitFor()
    await page.mouse.move(300, 300)
    const made = await page.evaluate<number>(
      "document.querySelectorAll('#page img, #page script, #page style').length",
    )
    expect(made).toBe(0)
    const links = await page
      .locator('a.link')
      .evaluateAll((all) => all.map((one) => one.getAttribute('href')))
    expect(links).toEqual([annotations['link.headgate.dev/fine']])
    expect(await page.locator('a.link').getAttribute('rel')).toBe('noopener noreferrer')
    await done()
    controlled = await control(stage.cluster)
  })

  test('the policy of the page refuses what markup would do', async () => {
    const tab = await openTab(browser, `${open.url}/#/`)
    await tab.page.locator('.row').first().waitFor()
    await tab.page.evaluate(`
      document.body.insertAdjacentHTML('beforeend', '<img src="https://example.com/x"><p style="color:red" onclick="alert(1)">x</p>');
      const script = document.createElement('script'); script.textContent = 'alert(2)'; document.body.append(script)`)
    // The browser tells of a request also where the policy does not let it out.
    const said = (): readonly string[] => tab.complaints.filter((text) => !text.startsWith('asked'))
    await expect.poll(() => said().length).toBeGreaterThanOrEqual(4)
    expect(said().filter((text) => !text.includes('Content Security Policy'))).toEqual([])
    await tab.close()
  })
})

describe('signing in with a token', () => {
  test('a wrong one is refused with a sentence; a good one shows what its bearer may see, and no more', async () => {
    const guarded = await stage.open()
    const token = await stage.tokenFor('looker')
    await grant(stage, 'looker', [mayLook])
    const page = await look(held, {}, guarded.url)
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(await findings(page)).toEqual([])
    await page.getByText('kubectl create token NAME --audience headgate', { exact: true }).waitFor()
    await page.getByLabel('Token of the cluster').fill('wrong')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').getByText('token').waitFor()
    // Ready for another one.
    expect(await page.evaluate<string>('document.activeElement.id')).toBe('token')
    await page.getByLabel('Token of the cluster').fill(token)
    await page.keyboard.press('Enter')
    await page.getByText('system:serviceaccount:default:looker').waitFor()
    await page.getByRole('region', { name: 'Traffic' }).waitFor()
    expect(await page.locator('.actions .button').count()).toBe(0)
    await page.getByText('No action is possible now').click()
    await page.locator('.others dd').first().waitFor()
    const kept = await page.evaluate<string>(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href])',
    )
    expect(kept).not.toContain(token)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(await page.getByText('held').count()).toBe(0)
    await done()
  })

  test('who may list a release and not read it sees its line, and why no more', async () => {
    const guarded = await stage.open()
    const token = await stage.tokenFor('lister')
    await grant(stage, 'lister', [{ ...mayLook, verbs: ['list', 'watch'] }])
    const page = await look(held, {}, guarded.url)
    await page.getByLabel('Token of the cluster').fill(token)
    await page.keyboard.press('Enter')
    await page.locator('.why').getByText('WaitingForApproval').waitFor()
    await page.getByText('you may not get headgate/held in namespace default').waitFor()
    await page.getByText('Live', { exact: true }).waitFor()
    await done()
  })

  test('whose right was taken away while the server was away sees nothing of the release any more', async () => {
    const guarded = await stage.open()
    const token = await stage.tokenFor('leaver')
    await grant(stage, 'leaver', [mayLook])
    const page = await look(held, { width: 360, height: 740 }, guarded.url)
    await page.getByLabel('Token of the cluster').fill(token)
    await page.keyboard.press('Enter')
    await page.getByRole('region', { name: 'Traffic' }).waitFor()
    expect(await findings(page)).toEqual([])
    // Of a name too long for its place the end is seen, and all of it in its title.
    const who = page.locator('.who')
    const whole = 'system:serviceaccount:default:leaver'
    expect(await who.getAttribute('title')).toBe(whole)
    const isEndSeen = await who.evaluate((one) => {
      const [inner, outer] = [one.firstElementChild, one].map((at) => at?.getBoundingClientRect())
      return inner !== undefined && outer !== undefined && inner.right <= outer.right
    })
    expect(isEndSeen).toBe(true)
    const { port } = guarded.running
    await guarded.stop()
    await page.getByText('Not connected').waitFor()
    const path = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/leaver-all'
    await stage.cluster.api.raw({ method: 'DELETE', path })
    await stage.open({ address: { host: '127.0.0.1', port } })
    await page.getByRole('heading', { name: 'You may not look at this release' }).waitFor()
    await page.getByText('you may not get headgate/held in namespace default').waitFor()
    expect(await page.getByRole('region', { name: 'Traffic' }).count()).toBe(0)
    await done()
  })

  test('an issuer is asked by code and proof, and nothing of it stays behind', async () => {
    const issuer = await openIssuer()
    const guarded = await stage.open({
      access: {
        kind: 'oidc',
        ...{ issuer: issuer.url, clientId: 'headgate-page', scope: 'openid' },
        ...{ userClaim: 'sub', groupsClaim: 'groups', prefix: 'oidc:' },
      },
    })
    const page = await look(held, {}, guarded.url)
    let sent = new URLSearchParams()
    let state = (given: string): string => given
    await page.route(`${issuer.url}/authorize**`, (route) => {
      sent = new URL(route.request().url()).searchParams
      const of = (name: string): string => sent.get(name) ?? ''
      const back = new URL(of('redirect_uri'))
      back.searchParams.set('code', issuer.codeForChallenge(of('code_challenge'), idToken(issuer)))
      back.searchParams.set('state', state(of('state')))
      return route.fulfill({ status: 302, headers: { location: back.href } })
    })
    const button = page.getByRole('button', { name: /^Sign in at 127\.0\.0\.1/ })
    await button.waitFor()
    expect(await findings(page)).toEqual([])
    state = () => 'that of somebody else'
    await button.click()
    await page.getByRole('alert').getByText('The issuer sent no code for this page.').waitFor()
    state = (given) => given
    await button.click()
    await page.getByText('oidc:ann').waitFor()
    await page.getByRole('heading', { level: 1, name: 'held' }).waitFor()
    expect(page.url()).toBe(`${guarded.url}/${held}`)
    expect(sent.get('code_challenge_method')).toBe('S256')
    expect(sent.get('redirect_uri')).toBe(`${guarded.url}/`)
    expect(await page.evaluate<number>('sessionStorage.length')).toBe(0)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await button.waitFor()
    const [tab] = tabs
    // The way to the issuer is the one way out, and it is the browser's.
    expect(
      tab?.complaints.filter((text) => !text.startsWith(`asked ${issuer.url}/authorize?`)),
    ).toEqual([])
    await tab?.close()
    tabs = []
    await issuer.stop()
  })
})
