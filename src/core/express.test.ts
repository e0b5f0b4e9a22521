/** Plan against router: what cannot be said is refused with a sentence, and what can be is not. */
import { describe, expect, test } from 'vitest'
import { release } from '#test/gen/release.ts'
import { readRelease } from './api/read.ts'
import { problemsOf } from './express.ts'
import type { App, Candidate, Extras, Match } from './model/app.ts'
import { unsupported } from './traffic/extras.ts'
import { routerNames, routers } from './traffic/register.ts'
import type { Router } from './traffic/router.ts'
import { appOn } from './traffic/traffic.suite.ts'

function planned(router: string, candidates: Readonly<Record<string, readonly Match[]>>): App {
  const app = appOn(router)
  const given = Object.entries(candidates).map(
    ([role, matches]): Candidate => ({
      role,
      own: undefined,
      steps: [
        { kind: 'weight', weight: 10, replicas: undefined },
        ...(matches.length === 0 ? [] : [{ kind: 'match', matches } as const]),
      ],
      command: undefined,
    }),
  )
  const services = Object.fromEntries(Object.keys(candidates).map((role) => [role, `shop-${role}`]))
  return {
    ...app,
    services: { stable: 'shop-stable', ...services },
    plan: { ...app.plan, candidates: given },
  }
}

const header = (value: string, regex = false): Match => ({
  kind: 'header',
  name: 'x-variant',
  value,
  regex,
})
const cookie = (value: string): Match => ({ kind: 'cookie', name: 'variant', value })

const plans = {
  'one by weight': { b: [] },
  'two by weight': { b: [], c: [] },
  'a header': { b: [header('b')] },
  'a header by expression': { b: [header('b.*', true)] },
  'two headers': { b: [header('b'), { ...header('c'), name: 'x-other' }] },
  'a cookie': { b: [cookie('b')] },
  'a cookie that is always': { b: [cookie('always')] },
  'a header or a cookie that is always': { b: [header('b'), cookie('always')] },
} as const satisfies Record<string, Readonly<Record<string, readonly Match[]>>>

/** By router, the plans that it cannot express, and the words that say why. Every other one goes. */
const refused: Readonly<Record<string, Partial<Record<keyof typeof plans, string>>>> = {
  'gateway-api': {},
  istio: {},
  // Without a route nobody is sent anywhere; it goes by pods alone.
  none: {},
  grpc: {
    'a cookie':
      'candidate b: the router grpc cannot tell requests by the cookie variant; match a header instead',
    'a cookie that is always': 'by the cookie variant',
    'a header or a cookie that is always': 'by the cookie variant',
  },
  nginx: {
    'two by weight':
      'the router nginx splits traffic between stable and one candidate; 2 are too many: write fewer, or take another router',
    'two headers': 'ingress-nginx tells requests by one header at most; keep one of them',
    'a cookie': 'so that variant=b cannot be told; match a header, or write variant=always',
  },
  service: {
    'two by weight': 'splits traffic by the number of pods, between stable and one candidate',
    'a header': 'the router service cannot tell requests apart; give b a weight',
    'a header by expression': 'cannot tell requests apart',
    'two headers': 'cannot tell requests apart',
    'a cookie': 'cannot tell requests apart',
    'a cookie that is always': 'cannot tell requests apart',
    'a header or a cookie that is always': 'cannot tell requests apart',
  },
}

test('the table has every router', () => {
  expect(Object.keys(refused).sort()).toEqual([...routerNames].sort())
})

for (const router of routerNames) {
  describe(`the router ${router}`, () => {
    for (const [name, candidates] of Object.entries(plans)) {
      const words = refused[router]?.[name as keyof typeof plans]
      test(`${words === undefined ? 'takes' : 'refuses'} ${name}`, () => {
        const found = problemsOf(planned(router, candidates))
        if (words === undefined) expect(found).toEqual([])
        else
          expect(found).toEqual([
            { path: 'spec.strategy', message: expect.stringContaining(words) },
          ])
      })
    }
  })
}

test('a Release that cannot be expressed is refused as a mistake in it', () => {
  const asked = release({
    traffic: { router: 'service' },
    strategy: { blueGreen: { previewHost: 'preview.example.com' } },
  })
  expect(readRelease(asked)).toEqual({
    kind: 'problems',
    problems: [
      {
        path: 'spec.strategy.blueGreen.previewHost',
        message: expect.stringContaining('the router service knows no hosts'),
      },
    ],
  })
})

describe('AD08: extras that a router cannot do are named, one sentence each', () => {
  const all: Extras = {
    redirect: { from: 'www.example.com', to: 'example.com' },
    responseHeaders: { 'x-a': 'b' },
    compression: true,
    tls: { hosts: ['example.com'], secret: 'tls' },
    sticky: { cookie: 'seat' },
    timeoutSeconds: 5,
  }
  const rows: readonly (readonly [router: string, cannot: readonly string[]])[] = [
    ['gateway-api', ['compress answers', 'serve TLS']],
    ['grpc', ['redirect a host', 'compress answers', 'serve TLS', 'limit the time of a request']],
    ['nginx', ['compress answers']],
    ['istio', ['compress answers', 'serve TLS']],
    [
      'service',
      [
        'redirect a host',
        'set headers on answers',
        'compress answers',
        'serve TLS',
        'keep a session with one pod',
        'limit the time of a request',
      ],
    ],
  ]
  for (const [router, cannot] of rows) {
    test(`${router} cannot ${cannot.join(', ')}`, () => {
      const sentences = unsupported(routers[router] as Router, all)
      expect(sentences.map((one) => /cannot (.*); it is left out: \S/.exec(one)?.[1])).toEqual(
        cannot,
      )
    })
  }

  test('what nobody asks for is not named', () => {
    const none = unsupported(routers['service'] as Router, { compression: false })
    expect([none, unsupported(routers['service'] as Router, undefined)]).toEqual([[], []])
  })
})
