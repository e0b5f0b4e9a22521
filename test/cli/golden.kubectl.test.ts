/**
 * What people read, to the letter: coloured on a terminal, the same without colours elsewhere and where NO_COLOR is set; and
 * every exit code by a command that ends with it.
 */
import { stripVTControlCharacters } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import { releaseOf } from '../../bench/objects.ts'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import { isAtRest, sharedGround, steady, waitsFor } from './ground.ts'
import { installedProgram } from './installed.ts'

const ground = sharedGround()
const { run, onTerminal } = installedProgram(ground)

let revisions: readonly string[] = []
let files: Readonly<Record<string, string>> = {}
beforeAll(async () => {
  const { installed, ask, until, file, cluster } = ground()
  await installed('shop', [{ weight: 20 }, { pause: {} }])
  const first = await until('shop', () => true)
  await ask('shop', 'shop:v1')
  const second = await until('shop', waitsFor('WaitingForApproval'))
  revisions = [first.status?.stable?.revision ?? '', second.status?.trials?.[0]?.revision ?? '']
  await ground().run('resume shop')
  const steps = [{ weight: 50 }]
  const small = releaseOf('small', '0s', { strategy: { canary: { steps } } })
  const wrong = releaseOf('small', '0s', { strategy: { canary: { steps: [{ wieght: 50 }] } } })
  files = { FINE: file('fine.json', small), WRONG: file('wrong.json', wrong) }
  await cluster.api.create(kinds.release, releaseOf('lost', '0s'))
  await until('lost', waitsFor('RouteMissing'))
  await installed('back', [{ pause: {} }])
  await ask('back', 'shop:v1')
  await until('back', waitsFor('WaitingForApproval'))
  await ground().run('abort back')
  await until('back', isAtRest)
}, 60_000)

/** Ages and times differ, and with them how wide their columns are. */
function golden(out: string): string {
  return steady(out.replaceAll('\r\n', '\n').replace(/after \d+s/g, 'after so long'), revisions)
    .replace(/ {3,}/g, '   ')
    .replace(/\b\S+ \(kubernetes-admin\)/g, 'SOMEBODY')
}

const withFiles = (line: string): string =>
  Object.entries(files).reduce((text, [name, path]) => text.replace(name, path), line)

const paint = (code: number, text: string): string => `\x1b[${code}m${text}\x1b[39m`
const red = (text: string): string => paint(31, text)
const green = (text: string): string => paint(32, text)
const yellow = (text: string): string => paint(33, text)
const bold = (text: string): string => `\x1b[1m${text}\x1b[22m`
const dim = (text: string): string => `\x1b[2m${text}\x1b[22m`

type Row = readonly [line: string, text: readonly string[], only?: RegExp]

/** `only`: of what it prints, the lines that are compared. */
const rows: readonly Row[] = [
  [
    'get shop',
    [
      'WaitingForApproval: step 2 waits until somebody promotes',
      '  for AGE',
      '',
      'NAME   STATE   AGE   DETAIL',
      `headgate/shop   ${yellow('Paused')}   AGE   step 2 of 2: pause until promoted`,
      '├─ revision revision-2   canary   AGE   weight 20 %',
      '│  └─ ReplicaSet shop-revision-2   1/1 ready   AGE   shop:v1',
      '│   └─ Pod shop-revision-2-POD-X   Ready   AGE',
      '├─ revision revision-1   stable   AGE   weight 80 %',
      '│  └─ ReplicaSet shop-revision-1   1/1 ready   AGE   shop:v0',
      '│   └─ Pod shop-revision-1-POD-X   Ready   AGE',
      '└─ HTTPRoute shop   confirmed   stable 80 %, canary 20 %',
    ],
  ],
  [
    'status shop --no-watch',
    [
      `headgate/shop: ${yellow('Paused')}, step 2 of 2: pause until promoted, weights 80/20: WaitingForApproval: step 2 waits until somebody promotes`,
      'headgate: headgate/shop is not at its end yet; `headgate explain headgate/shop` says why',
    ],
  ],
  [
    'explain shop',
    [
      `headgate/shop in default: ${yellow('Paused')}, step 2 of 2: pause until promoted`,
      'WaitingForApproval: step 2 waits until somebody promotes',
      '  for AGE',
      '  weights 80/20',
      `${bold('next:')} \`headgate promote headgate/shop\` goes on, \`headgate abort headgate/shop\` turns back`,
    ],
  ],
  [
    'history shop',
    [
      'REVISION   IMAGE   STATE   AGE',
      'revision-2   shop:v1   canary   AGE',
      'revision-1   shop:v0   stable   AGE',
      '',
      'TIME   WHAT   REVISION   STEP   BY   WHY',
      `TIME   ${green('Complete')}   revision-1   -   -   revision revision-1 serves all traffic; it is the first`,
      'TIME   Start   revision-2   1   -   revision revision-2 goes on trial beside revision-1',
      'TIME   StepAdvance   revision-2   1   -   step 1 of 2 is done: weight 20',
      `TIME   ${yellow('Refuse')}   revision-2   2   SOMEBODY   resume refused: the release is not paused`,
    ],
  ],
  [
    'events shop',
    [
      'AGE   TYPE   REASON   OBJECT   MESSAGE',
      'AGE   Normal   Serving   Release shop   revision revision-1 serves all traffic; it is the first',
      'AGE   Normal   StepCompleted   Release shop   revision revision-2 goes on trial beside revision-1',
      `AGE   ${yellow('Warning')}   CommandRefused   Release shop   resume refused: the release is not paused`,
    ],
    // Those of pods come within one second, in whatever order.
    /^AGE {3}TYPE| Release shop /,
  ],
  [
    'promote shop --dry-run',
    [
      `headgate/shop: promote of revision revision-2 at step 2 would be asked for by SOMEBODY${dim(' (server dry run)')}`,
    ],
  ],
  [
    'plan --offline FINE',
    [
      `headgate default/small: ${bold('canary, 0s besides the start of pods')}`,
      '  assumed: HTTPRoute small exists and sends its traffic to small-stable',
      '  assumed: another revision is installed; its image is shown as the-version-before',
      `  AGE   ${green('+')} ReplicaSet small-30bd7baed5`,
      '  AGE   Start: revision 30bd7baed5 goes on trial beside 22324cddf1',
      `  AGE   ${yellow('~')} Service small-canary`,
      `  AGE   ${yellow('~')} HTTPRoute small`,
      '  AGE   StepAdvance: step 1 of 1 is done: weight 50',
      `  AGE   ${yellow('~')} HTTPRoute small`,
      `  AGE   ${yellow('~')} Service small-stable`,
      `  AGE   ${yellow('~')} HTTPRoute small`,
      '  AGE   Complete: revision 30bd7baed5 is stable and serves all traffic',
      `  AGE   ${yellow('~')} ReplicaSet small-22324cddf1`,
      '  AGE   Completed: revision 30bd7baed5 serves all traffic',
    ],
    /^(?! +spec\.)/,
  ],
  [
    'simulate FINE',
    [
      `headgate/small: ${green('promoted after so long')}`,
      '  assumed: HTTPRoute small exists and sends its traffic to small-stable',
      '  assumed: another revision is installed; its image is shown as the-version-before',
      '  AGE   Start: revision 30bd7baed5 goes on trial beside 22324cddf1',
      '  AGE   StepAdvance: step 1 of 1 is done: weight 50',
      '  AGE   Complete: revision 30bd7baed5 is stable and serves all traffic',
    ],
  ],
  [
    'lint FINE',
    [
      `headgate/small: ${yellow('warning')}: spec.analysis: nothing judges the candidate, nor does anybody; only pods that are not ready stop it`,
      `headgate/small: ${yellow('warning')}: spec.strategy.canary.steps: no step takes time, so that all of them are over before anything can be seen`,
      `headgate/small: ${yellow('warning')}: spec.template.spec.containers[app].readinessProbe: left out: pods count as ready as soon as they run`,
    ],
  ],
  [
    'lint WRONG',
    [
      `headgate/small: ${red('error')}: spec.strategy.canary.steps[0]: must have exactly one of weight, replicas, pause, analysis, gate, match (replicas may stand beside weight)`,
      `headgate/small: ${red('error')}: spec.strategy.canary.steps[0].wieght: is no field of it; the server would drop it`,
    ],
  ],
]

describe('to the letter', () => {
  for (const [line, lines, only = /^/] of rows) {
    test(line, async () => {
      const words = withFiles(line)
      const text = `${lines.join('\n')}\n`
      const shown = (out: string): string =>
        golden(out)
          .split(/(?<=\n)/)
          .filter((one) => only.test(one))
          .join('')
      const [terminal, plain, elsewhere] = await Promise.all([
        onTerminal(`headgate ${words}`),
        onTerminal(`headgate ${words}`, { env: { NO_COLOR: '1' } }),
        run('headgate', words.split(' ')),
      ])
      expect(shown(terminal.out)).toBe(text)
      const bare = stripVTControlCharacters(text)
      expect(shown(plain.out)).toBe(bare)
      expect(shown(elsewhere.out + elsewhere.err)).toBe(bare)
      expect(bare).not.toBe(text)
    })
  }
})

describe('exit codes', () => {
  const lines: Readonly<Record<keyof typeof exitCodes, string>> = {
    done: 'get shop',
    failed: 'get --kubeconfig /none',
    usage: 'get nobody',
    refused: 'retry shop',
    degraded: 'status lost',
    aborted: 'status back',
    timeout: 'status shop --no-watch',
  }
  for (const [name, line] of Object.entries(lines)) {
    const code = exitCodes[name as keyof typeof exitCodes]
    test(`${code}, ${name}: ${line}`, async () => {
      expect((await run('headgate', line.split(' '))).code).toBe(code)
    })
  }
})
