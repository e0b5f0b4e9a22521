/**
 * The program as it is installed: found and run by the real kubectl, completed by real shells, drawn on a real terminal.
 * From the bundle, under its three names.
 */
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { sharedGround, steady, waitsFor } from './ground.ts'
import { installedProgram } from './installed.ts'

const ground = sharedGround()
const { folder, run, onTerminal } = installedProgram(ground)
const kubectl = process.env['HEADGATE_KUBECTL'] ?? 'kubectl'

let revisions: readonly string[] = []
beforeAll(async () => {
  const { installed, ask, until } = ground()
  await installed('shop', [{ weight: 20 }, { pause: {} }])
  const first = await until('shop', () => true)
  await ask('shop', 'shop:v1')
  const second = await until('shop', waitsFor('WaitingForApproval'))
  revisions = [first.status?.stable?.revision ?? '', second.status?.trials?.[0]?.revision ?? '']
})

describe('kubectl', () => {
  test('lists the plugin without complaint, and runs it with its exit codes', async () => {
    const [list, flags, get, none, refused] = await Promise.all([
      run(kubectl, ['plugin', 'list']),
      run(kubectl, ['headgate', '-n', 'default', 'get', 'shop', '-o', 'name']),
      run(kubectl, ['headgate', 'get', 'shop', '-o', 'name']),
      run(kubectl, ['headgate', 'get', 'nobody']),
      run(kubectl, ['headgate', 'retry', 'shop']),
    ])
    expect(list.out).toContain(join(folder, 'kubectl-headgate'))
    expect(list.err).not.toContain('kubectl-headgate')
    for (const one of [get, flags])
      expect(one).toEqual({ code: 0, out: 'headgate/shop\n', err: '' })
    expect([none.code, none.err]).toEqual([2, expect.stringContaining('there are headgate/shop')])
    expect([refused.code, refused.err]).toEqual([
      3,
      expect.stringContaining('nothing of it has failed'),
    ])
  })

  test('asks the plugin what may come next', async () => {
    const { out } = await run(kubectl, ['__complete', 'headgate', 'explain', 'sh'])
    expect(out).toBe('shop\tPaused\n:4\n')
  })

  test('its own rollout and get work beside ours', async () => {
    const [plain, wide] = await Promise.all([
      run(kubectl, ['get', 'release', 'shop']),
      run(kubectl, ['get', 'release', 'shop', '-o', 'wide']),
    ])
    expect([plain.code, steady(plain.out, revisions)]).toEqual([
      0,
      'NAME   PHASE    STEP   WEIGHTS   DESIRED   READY   REASON               AGE\n' +
        'shop   Paused   2/2    80/20     1         1       WaitingForApproval   AGE\n',
    ])
    expect(wide.out).toMatch(/AGE +STABLE +CANDIDATE +MESSAGE\n.* shop:v0 +shop:v1 +step 2 waits/)
  })
})

describe('completion in', () => {
  const shells = [
    ['bash', ['--norc', '-i'], 'source <(headgate completion bash)'],
    ['zsh', ['-f', '-i'], 'autoload -U compinit; compinit -u; source <(headgate completion zsh)'],
    ['fish', ['--no-config', '-i'], 'headgate completion fish | source'],
  ] as const
  for (const [shell, words, begin] of shells) {
    test(`${shell}: a key completes the name, and the line runs`, async () => {
      const typed = ['echo READY-$((40+2)) | cat', 'headgate explain sh\t', 'exit'] as const
      const line = shell === 'fish' ? 'echo READY-(math 40+2)' : typed[0]
      let stage = 0
      const { out } = await onTerminal([shell, ...words].join(' '), {
        onOut: (said, type) => {
          if (stage === 0 && said.length > 0) {
            stage = 1
            type(`${begin}\n${line}\n`)
          }
          if (stage === 1 && said.includes('READY-42')) {
            stage = 2
            type(typed[1])
          }
          if (stage === 2 && said.includes('headgate explain shop')) {
            stage = 3
            type('\n')
          }
          if (stage === 3 && said.includes(' turns back')) {
            stage = 4
            type(`${typed[2]}\n`)
          }
        },
      })
      expect(stripVTControlCharacters(out)).toContain('headgate/shop in default: Paused')
    })
  }
})

describe('on a terminal', () => {
  test('phases are coloured; with NO_COLOR nothing is', async () => {
    const [coloured, plain] = await Promise.all([
      onTerminal('headgate get'),
      onTerminal('headgate get', { env: { NO_COLOR: '1' } }),
    ])
    const text = (out: string): string => steady(out.replaceAll('\r\n', '\n'), revisions)
    expect(text(coloured.out)).toBe(
      'NAME   DOOR       PHASE    STEP   WEIGHTS   REASON               AGE\n' +
        'shop   headgate   \x1b[33mPaused\x1b[39m   2/2    80/20     WaitingForApproval   AGE\n',
    )
    expect(plain.out).not.toContain('\x1b[')
    expect(text(plain.out)).toBe(stripVTControlCharacters(text(coloured.out)))
  })

  test('watch draws over its own picture, hides the cursor meanwhile, and gives it back', async () => {
    let asked = false
    let ended = false
    const { out } = await onTerminal('headgate watch shop', {
      onOut: (said, type) => {
        if (said.includes('step 2 of 2') && !asked) {
          asked = true
          void ground().run('promote shop')
        }
        if (said.includes('Completed') && !ended) {
          ended = true
          type('\x03')
        }
      },
    })
    expect(out).toContain('\x1b[?25l')
    const [, ...redrawn] = out.split(/\[\d+A/)
    expect(redrawn.join()).toContain('Completed')
    expect(out.lastIndexOf('\x1b[?25h')).toBeGreaterThan(out.lastIndexOf('Completed'))
  })
})
