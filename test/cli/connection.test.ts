/** kubectl's ways to another cluster, another user, and an end to patience, by the real program. */
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { kinds } from '#core/k8s/kinds.ts'
import { releaseOf } from '../../bench/objects.ts'
import { headgate, sharedGround } from './ground.ts'

const ground = sharedGround()

type Row = readonly [string, () => readonly string[], number, RegExp]

const own = (...words: readonly string[]) => [
  ...['get', '-A', '--kubeconfig', ground().kubeconfig],
  ...words,
]
const bare = (...words: readonly string[]) => {
  const { url, token } = ground().cluster.server
  return ['get', '-A', '--server', url, '--token', token, ...words]
}

const rows: readonly Row[] = [
  ['--as is another user', () => own('--as', 'ann'), 1, /User "ann" cannot list/],
  [
    '--as-group gives that one its groups',
    () => own('--as', 'ann', '--as-group', 'a', '--as-group', 'system:masters'),
    0,
    /No releases found/,
  ],
  ['--as-group alone is nobody', () => own('--as-group', 'a'), 2, /name the user, too/],
  [
    '--server and --token need no kubeconfig',
    () => bare('--insecure-skip-tls-verify'),
    0,
    /No releases found/,
  ],
  ['a certificate that nobody vouches for is not believed', () => bare(), 1, /certificate/],
  [
    '--token is instead of what the kubeconfig has',
    () => own('--token', 'rubbish'),
    1,
    /Unauthorized|401/i,
  ],
  [
    '--request-timeout ends a request',
    () => own('--request-timeout', '1ms'),
    1,
    /no complete answer within 0.001 s/,
  ],
  ['--request-timeout 0 does not', () => own('--request-timeout', '0'), 0, /No releases found/],
  ['a duration is one', () => own('--request-timeout', 'soon'), 2, /write one like 30s/],
  ['an address is one', () => ['get', '--server', 'here'], 2, /write https:\/\/HOST:PORT/],
]

for (const [name, words, code, says] of rows) {
  test(name, async () => {
    // Nothing of this machine's own is to help.
    const ran = await headgate(words(), { env: { HOME: '/nowhere' } })
    expect([ran.code, ran.out + ran.err]).toEqual([code, expect.stringMatching(says)])
  })
}

/** The same cluster twice: by a context that names a namespace, and by one of nobody. */
const contexts = (): string => {
  const { server } = ground().cluster
  const { clusters, users } = parse(server.kubeconfig()) as {
    readonly clusters: readonly { readonly name: string }[]
    readonly users: readonly { readonly name: string }[]
  }
  const cluster = clusters[0]?.name
  return ground().file('contexts', {
    ...{ apiVersion: 'v1', kind: 'Config', clusters },
    users: [...users, { name: 'nobody', user: { token: 'rubbish' } }],
    contexts: [
      { name: 'away', context: { cluster, user: users[0]?.name, namespace: 'away' } },
      { name: 'nobody', context: { cluster, user: 'nobody' } },
    ],
    'current-context': 'nobody',
  })
}

const contextRows: readonly (readonly [string, string, number, RegExp])[] = [
  ['the one that stands in the file', 'get', 1, /Unauthorized|401/i],
  ['another by --context, with its namespace', 'get --context away', 0, /in namespace away/],
  ['-n is instead of that one', 'get --context away -n default', 0, /^NAME[^]*\nhere /],
  ['one that is not there', 'get --context none', 1, /none.*away, nobody/],
]
for (const [name, line, code, says] of contextRows) {
  test(`contexts: ${name}`, async () => {
    await ground()
      .cluster.api.create(kinds.release, releaseOf('here', '0s'))
      .catch(() => {})
    const words = [...line.split(' '), '--kubeconfig', contexts()]
    const ran = await headgate(words, { env: { HOME: '/nowhere' } })
    expect([ran.code, ran.out + ran.err]).toEqual([code, expect.stringMatching(says)])
  })
}
