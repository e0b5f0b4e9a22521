/**
 * A controller that dies at every write: first before the server hears of it, then, with the next controller, after the
 * server has done it. Whatever was begun is finished by those who follow, and nobody notices.
 */
import { expect, test } from 'vitest'
import type { HttpRequest, Transport } from '#kube/http.ts'
import { image } from './sample.ts'
import { Actor, type Controlled, openStage, type Stage } from './stage.ts'

const quick = {
  prometheusQuery: '',
  prometheusURL: '',
  deploymentReadyWaitTime: 0,
  trafficShiftUpdateInterval: 1,
  trafficShiftStep: 25,
} as const

function isWrite({ method, path }: HttpRequest): boolean {
  return method !== 'GET' && !path.includes('dryRun') && !path.includes('/events')
}

/** Controllers one after another, each of which dies at one write. */
class Mortals {
  readonly #stage: Stage
  #controller: Controlled | undefined
  #over = false
  #ends: Promise<void>[] = []
  deaths = 0

  constructor(stage: Stage) {
    this.#stage = stage
  }

  async begin(): Promise<void> {
    if (this.#over) return
    let dead = false
    const die = (): Promise<never> => {
      if (!dead) {
        dead = true
        this.deaths += 1
        queueMicrotask(() => void this.#next())
      }
      return new Promise<never>(() => undefined)
    }
    const way = (transport: Transport): Transport => ({
      close: transport.close,
      send: async (request, options) => {
        if (dead) return new Promise<never>(() => undefined)
        if (!isWrite(request)) return transport.send(request, options)
        // The next one comes to the same write, and the server does it, but nobody hears of it.
        if (this.deaths % 2 === 0) return die()
        await transport.send(request, options)
        return die()
      },
    })
    this.#controller = await this.#stage.startController(way)
  }

  async #next(): Promise<void> {
    const before = this.#controller
    this.#controller = undefined
    // What it waits for never comes.
    if (before !== undefined) this.#ends.push(before.stop().catch(() => undefined))
    await this.begin()
  }

  async end(): Promise<void> {
    this.#over = true
    await Promise.race([
      this.#controller?.stop(),
      new Promise((resolve) => setTimeout(resolve, 500)),
    ])
  }
}

test('crash at every write of a release and of a rollback: both come to their end, with 0 dropped', async () => {
  const stage = await openStage()
  const first = await stage.startController()
  const app = new Actor(stage, 'mortal')
  await app.install(quick)
  await app.until(({ status }) => status?.reason === 'Serving')
  await first.stop()
  const traffic = app.traffic()
  const mortals = new Mortals(stage)
  await mortals.begin()

  await app.patch({ image: image('v2') })
  await app.serves(image('v2'))
  expect(app.weights).toEqual([0, 25, 50, 0])
  const released = mortals.deaths
  expect(released).toBeGreaterThan(12)

  await app.patch({
    image: image('v3'),
    prometheusQuery: 'vector(1) > 0',
    prometheusURL: 'http://prometheus.istio-system.svc:9090',
  })
  await app.until(({ status }) => status?.lastFailedTag === image('v3'))
  await app.serves(image('v2'))
  expect(mortals.deaths - released).toBeGreaterThan(5)
  expect(app.weightOf()).toBe(0)
  expect(app.app?.status).toMatchObject({ successfulRelease: false, testRunning: false })
  const { dropped, drops } = await traffic.stop()
  expect([dropped, drops]).toEqual([0, []])
  await mortals.end()
  await stage.stop()
}, 120_000)
