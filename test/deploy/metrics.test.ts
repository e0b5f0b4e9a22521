/** Metrics: the page is what the controller registers, and everything that asks for one names one that exists. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { alerts } from '../../scripts/deploy/alerts.ts'
import { board } from '../../scripts/deploy/board.ts'
import { allMetrics, namesOf, page } from '../../scripts/metrics.ts'

test('docs/metrics.md is what `node scripts/metrics.ts` writes', async () => {
  expect(readFileSync('docs/metrics.md', 'utf8')).toBe(await page())
})

type Panel = { readonly title: string; readonly targets: readonly { readonly expr: string }[] }
const panels = board.panels as readonly Panel[]
const asked = [
  ...alerts.map(({ name, expr }) => [`alert ${name}`, expr] as const),
  ...panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => [`panel ${title}`, expr] as const),
  ),
  ...board.templating.list.map((one) => ['variable', JSON.stringify(one)] as const),
]

test('alerts and dashboard ask for metrics that exist, by labels that they have', async () => {
  const known = new Map(
    (await allMetrics()).flatMap((one) => namesOf(one).map((name) => [name, one.labels] as const)),
  )
  const wrong = asked.flatMap(([where, expr]) => [
    ...(expr.match(/\b(headgate|kulta)_\w+/g) ?? [])
      .filter((name) => !known.has(name))
      .map((name) => `${where}: ${name}`),
    ...[...expr.matchAll(/\b((?:headgate|kulta)_\w+)\{([^}]*)\}/g)].flatMap(
      ([, name = '', labels = '']) =>
        (labels.match(/\w+(?=\s*(=|!))/g) ?? [])
          .filter((label) => known.get(name)?.includes(label) === false)
          .map((label) => `${where}: ${name} has no label ${label}`),
    ),
  ])
  expect(wrong).toEqual([])
  expect(asked.length).toBeGreaterThan(20)
})

test('the dashboard is found by a fixed id and asks whichever Prometheus is chosen', () => {
  expect(board.uid).toBe('headgate-releases')
  const sources = new Set(JSON.stringify(board).match(/"uid":"\$\{\w+\}"/g))
  expect([...sources]).toEqual(['"uid":"${datasource}"'])
})

test('every metric of our own is in an alert or on the dashboard', async () => {
  const text = asked.map(([, expr]) => expr).join('\n')
  const own = (await allMetrics()).filter(({ door }) => door === undefined)
  expect(own.filter(({ name }) => !text.includes(name)).map(({ name }) => name)).toEqual([])
})
