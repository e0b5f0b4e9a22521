/** `headgate dashboard` by the real program: with one's own credentials, on this machine, until it is told to stop. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sharedGround } from './ground.ts'

const ground = sharedGround()

/** Runs it, asks at its address, then ends it as Ctrl-C does. */
async function asked<T>(
  words: string,
  then: (url: string) => Promise<T>,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly err: string; readonly said: T | undefined }> {
  let answer: Promise<T> | undefined
  const { code, err } = await ground().run(`dashboard --address 127.0.0.1:0 ${words}`.trim(), {
    env,
    onOut: (out, end) => {
      const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(out) ?? []
      if (url === undefined || answer !== undefined) return
      answer = then(url)
      void answer.catch(() => {}).then(end)
    },
  })
  return { code, err, said: await answer }
}

test('it shows all namespaces, and what is done there bears the name of who started it', async () => {
  await ground().installed('seen', [{ weight: 50 }, { pause: {} }])
  await ground().ask('seen', 'shop:v1')
  await ground().until('seen', ({ status }) => status?.reason?.type === 'WaitingForApproval')
  const { code, err, said } = await asked('', async (url) => {
    const rows = (await (await fetch(`${url}/api/v1/releases`)).json()) as { name: string }[]
    const action = `${url}/api/v1/releases/headgate/default/seen/actions/abort`
    const preview = (await (await fetch(action)).json()) as { revision: string; step: number }
    const { revision, step } = preview
    const done = await fetch(action, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ revision, step }),
    })
    return [rows.map(({ name }) => name), await done.json()]
  })
  expect([code, err]).toEqual([0, ''])
  expect(said).toEqual([
    ['seen'],
    expect.objectContaining({
      outcome: 'obeyed',
      message: expect.stringMatching(/^aborted by \S+ \(kubernetes-admin\)$/),
    }),
  ])
})

test('--open opens it in the browser of the desktop; without one, the address is said', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-open-'))
  const opened = join(folder, 'opened')
  writeFileSync(join(folder, 'xdg-open'), `#!/bin/sh\necho "$1" > ${opened}\n`, { mode: 0o755 })
  const found = await asked(
    '--open',
    async (url) => {
      const said = (): string => (existsSync(opened) ? readFileSync(opened, 'utf8') : '')
      await expect.poll(said, { timeout: 10_000 }).toBe(`${url}\n`)
      return true
    },
    { PATH: `${folder}:${process.env['PATH'] ?? ''}` },
  )
  expect([found.code, found.said]).toEqual([0, true])
  const heard = (err: string): boolean => /no browser can be opened here; go to http/.test(err)
  const none = await asked('--open', async () => true, { PATH: folder.concat('/nothing') })
  expect([none.code, heard(none.err)]).toEqual([0, true])
  rmSync(folder, { recursive: true })
})

test('in one namespace it shows that one; read-only, nothing is done', async () => {
  const { code, said } = await asked('-n elsewhere --read-only', async (url) => {
    const rows = await (await fetch(`${url}/api/v1/releases`)).json()
    const me = await (await fetch(`${url}/api/v1/me`)).json()
    return [rows, me]
  })
  expect(code).toBe(0)
  expect(said).toEqual([[], expect.objectContaining({ signIn: 'open', readOnly: true })])
})

test('who may see nothing is told so', async () => {
  const { code, said } = await asked('--as nobody', async (url) => {
    const answer = await fetch(`${url}/api/v1/releases`)
    return [answer.status, await answer.json()]
  })
  expect(code).toBe(0)
  expect(said).toEqual([
    503,
    {
      error: {
        code: 503,
        message: expect.stringMatching(/lacks a right: .*"nobody" cannot (?:list|watch)/),
      },
    },
  ])
})
