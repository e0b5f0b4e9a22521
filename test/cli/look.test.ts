/** Looking at releases, by the real program: lists, trees, outputs, names, and what it says when there is nothing. */

import { writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Release } from '#core/api/release.ts'
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { sharedGround, steady, waitsFor } from './ground.ts'

const ground = sharedGround()

const rollout = (name: string): object => ({
  apiVersion: 'kulta.io/v1beta1',
  kind: 'Rollout',
  metadata: { name, namespace: 'default' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: `kulta-${name}` } },
    template: {
      metadata: { labels: { app: `kulta-${name}` } },
      spec: { containers: [{ name: 'app', image: 'cart:v1' }] },
    },
    strategy: { simple: {} },
  },
})

let revisions: readonly string[] = []
beforeAll(async () => {
  const { installed, ask, until, cluster } = ground()
  await installed('shop', [{ weight: 20 }, { pause: {} }, { weight: 60 }])
  const first = await until('shop', () => true)
  await ask('shop', 'shop:v1')
  const second = await until('shop', waitsFor('WaitingForApproval'))
  revisions = [first.status?.stable?.revision ?? '', second.status?.trials?.[0]?.revision ?? '']
  await installed('cart', [{ weight: 50 }, { pause: {} }], { replicas: 2 })
  for (const name of ['cart', 'tea'])
    await cluster.api.create(kinds.rollout, rollout(name) as Release)
})

const told = async (line: string): Promise<string> => {
  const { code, out, err } = await ground().run(line)
  expect({ line, code, err }).toEqual({ line, code: 0, err: '' })
  return steady(out, revisions)
}

describe('get', () => {
  test('lists the releases of all doors, aligned and without colours', async () => {
    const out = await told('get')
    const lines = out.trimEnd().split('\n')
    expect(lines[0]).toBe('NAME   DOOR       PHASE       STEP   WEIGHTS   REASON               AGE')
    expect(lines[3]).toBe('shop   headgate   Paused      2/3    80/20     WaitingForApproval   AGE')
    expect(lines.map((line) => line.split(/ +/).slice(0, 2).join(' '))).toEqual([
      'NAME DOOR',
      'cart headgate',
      'cart kulta',
      'shop headgate',
      'tea kulta',
    ])
    expect(out).not.toContain('\x1b')
  })

  test('all namespaces, wide, names, and by label', async () => {
    const [all, wide, names, none] = await Promise.all([
      told('get -A'),
      told('get -o wide'),
      told('get -o name'),
      ground().run('get -l team=nobody'),
    ])
    expect(all).toMatch(/^NAMESPACE +NAME +DOOR/)
    expect(wide).toMatch(
      /1\/1 1\/1 +revision-1 revision-2 +v0 v1 +step 2 waits until somebody promotes/,
    )
    expect(names.split('\n')).toContain('kulta/cart')
    expect(none).toEqual({ code: 0, out: '', err: 'No releases found in namespace default.\n' })
  })

  test('one, as a tree of revisions, pods and route', async () => {
    // Ages differ in their width; that columns are aligned is shown by the list.
    expect(`\n${(await told('get shop')).replace(/ {3,}/g, '   ')}`).toBe(`
WaitingForApproval: step 2 waits until somebody promotes
  for AGE

NAME   STATE   AGE   DETAIL
headgate/shop   Paused   AGE   step 2 of 3: pause until promoted
├─ revision revision-2   canary   AGE   weight 20 %
│  └─ ReplicaSet shop-revision-2   1/1 ready   AGE   shop:v1
│   └─ Pod shop-revision-2-POD-X   Ready   AGE
├─ revision revision-1   stable   AGE   weight 80 %
│  └─ ReplicaSet shop-revision-1   1/1 ready   AGE   shop:v0
│   └─ Pod shop-revision-1-POD-X   Ready   AGE
└─ HTTPRoute shop   confirmed   stable 80 %, canary 20 %
`)
  })

  test('JSON, YAML and jsonpath hold the object itself, and a list for several', async () => {
    const [json, yaml, path, list] = await Promise.all([
      ground().run('get shop -o json'),
      ground().run('get shop -o yaml'),
      told('get -o jsonpath={range␣.items[*]}{.kind}/{.metadata.name},{end}'),
      told('get -o json'),
    ])
    expect(JSON.parse(json.out)).toEqual(parse(yaml.out))
    expect(JSON.parse(json.out)).toMatchObject({ kind: 'Release', metadata: { name: 'shop' } })
    expect(path).toBe('Release/cart,Rollout/cart,Release/shop,Rollout/tea,')
    expect(JSON.parse(list)).toMatchObject({ kind: 'List', apiVersion: 'v1' })
  })

  test('--watch goes on with a line for each change', async () => {
    let asked = false
    const { out } = await ground().run('get headgate/cart -w', {
      onOut: (text, end) => {
        if (text.includes('cart') && !asked) {
          asked = true
          void ground().ask('cart', 'shop:v1')
        }
        if (text.includes('Paused')) end()
      },
    })
    const phases = out
      .split('\n')
      .slice(1, -1)
      .map((line) => line.split(/ +/)[2])
    expect(phases.at(0)).toBe('Completed')
    expect(phases.at(-1)).toBe('Paused')
    expect(out).not.toContain('kulta')
  })
})

describe('names', () => {
  const rows: readonly (readonly [string, string, number, RegExp])[] = [
    [
      'a name that two doors have lists both',
      'get cart',
      2,
      /cart is not clear in namespace default; write one of headgate\/cart, kulta\/cart/,
    ],
    [
      'a name that nothing has lists what there is',
      'explain shp',
      2,
      /no release shp in namespace default; there are headgate\/cart, headgate\/shop, kulta\/cart/,
    ],
    [
      'an empty namespace says where to look',
      'get x -n none',
      2,
      /nor any other; `headgate get -A`/,
    ],
    [
      'a door that does not exist lists the doors',
      'get argo/x',
      2,
      /no door argo; there are headgate, kulta/,
    ],
    ['a door without this name', 'get kulta/shop', 2, /there is no release kulta\/shop/],
    [
      "kubectl's name of a resource",
      'get rollout/shop',
      2,
      /no door rollout; rollouts come through kulta: write kulta\/shop/,
    ],
    ['too many parts', 'get a/b/c', 2, /a\/b\/c is no name; write NAME or DOOR\/NAME/],
    ['a name with -A', 'get shop -A', 2, /a name stands alone/],
    ['an output that is unknown', 'get -o xml', 2, /--output xml is unknown; write one of wide/],
    [
      'a jsonpath that cannot be read',
      'get -o jsonpath={.a[}',
      2,
      /jsonpath \{\.a\[\} cannot be read at \[/,
    ],
    ['no name where one is needed', 'status', 2, /missing required argument/],
  ]
  for (const [name, line, code, sentence] of rows) {
    test(`${name}: exit code ${code}`, async () => {
      const ran = await ground().run(line)
      expect([ran.code, ran.out]).toEqual([code, ''])
      expect(ran.err).toMatch(sentence)
      expect(ran.err).not.toMatch(/\n\s+at /)
    })
  }

  const places: readonly (readonly [string, string])[] = [
    ['-n default get kulta/cart -o name', 'a flag before the verb'],
    ['--namespace=default get kulta/cart -o name', 'a flag with its value'],
    ['--request-timeout 20s -n default get -o name kulta/cart', 'two flags'],
    ['--insecure-skip-tls-verify get kulta/cart -o name', 'a flag that takes none'],
  ]
  for (const [line, name] of places) {
    test(`kubectl's flags may stand before the verb: ${name}`, async () => {
      expect(await told(line)).toBe('kulta/cart\n')
    })
  }

  test('also before a verb of two words, and another namespace counts', async () => {
    const { code, err } = await ground().run('-n none set image shop app=x')
    expect([code, err]).toEqual([2, expect.stringContaining('no release shop in namespace none')])
  })

  test('the door before the name tells them apart', async () => {
    expect(await told('get kulta/cart -o name')).toBe('kulta/cart\n')
  })
})

test('explain says why, since when, and what moves it on', async () => {
  const out = await told('explain shop')
  expect(out).toMatch(/^headgate\/shop in default: Paused, step 2 of 3: pause until promoted\n/)
  expect(out).toContain('\nWaitingForApproval: step 2 waits until somebody promotes\n')
  expect(out).toMatch(
    /\nnext: `headgate promote headgate\/shop` goes on, `headgate abort headgate\/shop` turns back\n$/,
  )
  const { reason } = JSON.parse(await told('explain shop -o json')) as { reason: { type: string } }
  expect(reason.type).toBe('WaitingForApproval')
})

test('history lists revisions with their images, and decisions', async () => {
  const out = await told('history shop')
  expect(out).toMatch(
    /^REVISION +IMAGE +STATE +AGE\nrevision-2 +shop:v1 +canary +AGE\nrevision-1 +shop:v0 +stable +AGE\n/,
  )
  expect(out).toMatch(/TIME +Start +revision-2/)
})

test('events are those of the release and its own objects, the newest last', async () => {
  const out = await told('events shop')
  expect(out).toMatch(/^AGE +TYPE +REASON +OBJECT +MESSAGE\n/)
  expect(out).toMatch(/ReplicaSet shop-revision-2 +Created pod/)
  expect(out).not.toContain('cart')
})

test('watch elsewhere than on a terminal prints a line for each change', async () => {
  const { out } = await ground().run('watch shop', {
    onOut: (text, end) => {
      if (text.includes('WaitingForApproval')) end()
    },
  })
  expect(steady(out)).toBe(
    'TIME headgate/shop Paused 2/3 80/20 WaitingForApproval: step 2 waits until somebody promotes\n',
  )
})

test('who may see Releases only is shown those, and a release without its pods', async () => {
  const { cluster, file, run } = ground()
  const { server, api } = cluster
  server.tokens.set('jane', { name: 'jane', uid: 'jane', groups: ['system:authenticated'] })
  const group = 'rbac.authorization.k8s.io'
  const kind = (name: string, plural: string): Kind => ({
    ...{ group, version: 'v1', kind: name, plural, namespaced: true },
  })
  const metadata = { name: 'jane', namespace: 'default' }
  const verbs = ['get', 'list', 'watch']
  await api.create(kind('Role', 'roles'), {
    apiVersion: `${group}/v1`,
    kind: 'Role',
    metadata,
    rules: [{ apiGroups: ['headgate.dev'], resources: ['releases'], verbs }],
  } as KubeObject)
  await api.create(kind('RoleBinding', 'rolebindings'), {
    apiVersion: `${group}/v1`,
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup: group, kind: 'Role', name: 'jane' },
    subjects: [{ kind: 'User', name: 'jane', apiGroup: group }],
  } as KubeObject)
  const kubeconfig = file('jane')
  writeFileSync(kubeconfig, server.kubeconfig({ token: 'jane' }))
  const [list, one, act] = await Promise.all(
    ['get', 'get shop', 'promote shop'].map((line) => run(`${line} --kubeconfig ${kubeconfig}`)),
  )
  expect([list?.code, list?.err]).toEqual([0, ''])
  expect(list?.out).not.toContain('kulta')
  expect(one?.out).toMatch(/headgate\/shop +Paused/)
  expect(one?.out).not.toContain('Pod ')
  expect([act?.code, act?.err]).toEqual([1, expect.stringMatching(/cannot patch.*releases/)])
})
