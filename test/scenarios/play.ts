/**
 * A release of any strategy, router and topology, decided by the engine over the forecast's model of a cluster in
 * virtual time, with chance against it: passes lose writes and memory, pods and gateways follow late. After every write
 * and whenever the cluster has moved, users must be served.
 */
import { readRelease } from '#core/api/read.ts'
import type { Release, ReleaseSpec } from '#core/api/release.ts'
import { notebookOf, statusOf } from '#core/api/status.ts'
import { decide } from '#core/decide.ts'
import type { Decision, MeasureAsk } from '#core/decision.ts'
import { assumedRoute, emptyObserved } from '#core/forecast/assumed.ts'
import { VirtualCluster } from '#core/forecast/cluster.ts'
import { goodAnswer, goodReply } from '#core/forecast/good-answers.ts'
import { type App, withPlacesOf } from '#core/model/app.ts'
import { emptyMemo, type Notebook } from '#core/model/notebook.ts'
import { podsFor, stable, type Weights } from '#core/model/weights.ts'
import type { MetricAnswer, Observed } from '#core/observed.ts'
import { writtenHash } from '#core/revision.ts'
import { routers } from '#core/traffic/register.ts'
import type { Router } from '#core/traffic/router.ts'
import { stamped, value } from '#test/gen/story.ts'
import { type Dice, diceOf } from '../sim/random.ts'

/** What is wrong with the pods of an image: nothing, they fail requests, or they never become ready. */
export type Illness = 'well' | 'failing' | 'dead'

const mostPasses = 1500

export class Play {
  readonly #cluster: VirtualCluster
  readonly #dice: Dice
  #release: Release
  #now = Date.UTC(2026, 10, 21)
  /** Revisions that are not well. */
  readonly #ill = new Map<string, Illness>()
  /** The split that the gateway sends by. */
  #followed: Weights = {}
  #installed = false

  constructor(release: Release, seed: number) {
    this.#release = release
    this.#dice = diceOf(seed, 'play')
    const app = appOf(release)
    const route = assumedRoute(app)
    this.#cluster = new VirtualCluster(emptyObserved(app, route === undefined ? [] : [route]))
    this.until(({ phase }) => phase === 'Completed')
    this.#installed = true
  }

  get book(): Notebook {
    const book = this.#cluster.notebook
    if (book === undefined) throw new Error('nothing was written down yet')
    return book
  }

  /** Share of each role, as it is written. */
  get weights(): Weights {
    return readingOf(this.#observe())
  }

  /** Revisions of the pods that a role's Service selects. */
  behind(role: string): ReadonlySet<string> {
    const { app, services, workloads, endpoints, members } = this.#observe()
    const service = app.services[role] ?? ''
    if (app.workloads.layout.by === 'revision') {
      const listed = endpoints[service] ?? {}
      const own = workloads.filter(({ name }) => (listed[name] ?? 0) > 0)
      return new Set(own.map(({ revision }) => revision))
    }
    const selector = Object.entries(services[service]?.selector ?? {})
    const own = members.filter(({ labels }) =>
      selector.every(([key, word]) => labels[key] === word),
    )
    return new Set(own.map(({ revision }) => revision))
  }

  /** Images of all pods, and how many there are of each. */
  pods(): Readonly<Record<string, number>> {
    const found: Record<string, number> = {}
    for (const { template, pods } of this.#cluster.observe().workloads) {
      const image = template.spec.containers[0]?.image ?? ''
      if (pods > 0) found[image] = (found[image] ?? 0) + pods
    }
    return found
  }

  /** Somebody changes the spec. */
  ask(spec: Partial<ReleaseSpec>, illness: Illness = 'well', template = spec.template): void {
    const { metadata } = this.#release
    const generation = (metadata.generation ?? 1) + 1
    this.#release = {
      ...this.#release,
      metadata: { ...metadata, generation },
      spec: { ...this.#release.spec, ...spec },
    }
    if (template !== undefined && illness !== 'well') this.#ill.set(writtenHash(template), illness)
    const { finalizers, action } = this.#cluster.app
    this.#cluster.app = { ...appOf(this.#release), finalizers, action }
  }

  /** @throws Error when it does not come about. */
  until(done: (book: Notebook) => boolean): void {
    for (let passes = 0; passes < mostPasses; passes += 1) {
      this.#pass()
      const { notebook } = this.#cluster
      if (notebook !== undefined && done(notebook)) return
    }
    const { phase, reason } = this.book
    throw new Error(`did not come about: ${phase}, ${reason.type}: ${reason.message}`)
  }

  /** Until nothing is on trial any more and the spec as it is now has been seen; then what is left to tidy up. */
  toItsEnd(): void {
    const { generation } = this.#cluster.app
    this.until(
      ({ trials, phase, observedGeneration }) =>
        observedGeneration === generation &&
        trials.length === 0 &&
        phase !== 'Progressing' &&
        phase !== 'Initializing',
    )
    for (let passes = 0; passes < 40; passes += 1) this.#pass()
  }

  /** As a pass sees it: pods that never become ready are no endpoints. */
  #observe(): Observed {
    const seen = this.#cluster.observe()
    const isDead = (revision: string): boolean => this.#ill.get(revision) === 'dead'
    const dead = seen.workloads.filter(({ revision }) => isDead(revision)).map(({ name }) => name)
    if (dead.length === 0) return seen
    const endpoints = Object.entries(seen.endpoints).map(([service, counts]) => {
      const listed = Object.entries(counts).filter(([workload]) => !dead.includes(workload))
      return [service, Object.fromEntries(listed)] as const
    })
    return {
      ...seen,
      workloads: seen.workloads.map((one) => (isDead(one.revision) ? { ...one, ready: 0 } : one)),
      endpoints: Object.fromEntries(endpoints),
      members: seen.members.map((one) => (isDead(one.revision) ? { ...one, ready: false } : one)),
    }
  }

  #pass(): void {
    const cluster = this.#cluster
    const dice = this.#dice
    const decision = decide(this.#observe(), this.#now)
    const crashes = dice.chance(0.05)
    cluster.memo = crashes ? emptyMemo : decision.memo
    const written = this.#deliver(decision)
    cluster.answers = crashes ? [] : decision.measure.map((asked) => this.#answer(asked))
    cluster.replies = crashes ? [] : decision.asks.map((asked) => goodReply(asked, this.#now))
    if (decision.readBack !== undefined) throw new Error('no template here is spelt twice')
    const follows = dice.chance(0.7)
    if (follows) this.#follow()
    const busy = written || decision.write || cluster.answers.length + cluster.replies.length > 0
    const rests = !busy && follows && !crashes
    this.#now = Math.max(this.#now + 20, rests ? (decision.wakeAt ?? this.#now) : this.#now)
  }

  /** In any order, and not all of it. */
  #deliver(decision: Decision): boolean {
    const cluster = this.#cluster
    const order = decision.writes.map((write) => ({ write, at: this.#dice.next() }))
    for (const { write } of order.sort((one, other) => one.at - other.at)) {
      if (this.#dice.chance(0.1)) continue
      if (cluster.write(write)) this.#check(JSON.stringify(write))
    }
    if (decision.write && this.#dice.chance(0.9)) {
      const status = statusOf(decision.notebook, cluster.app)
      cluster.notebook = notebookOf(JSON.parse(JSON.stringify(status)))
    }
    return decision.writes.length > 0
  }

  #follow(): void {
    this.#cluster.follow()
    this.#check('the pods followed')
    this.#followed = this.weights
  }

  #answer(asked: MeasureAsk): MetricAnswer {
    const good = goodAnswer(this.#cluster.app, asked, this.#now)
    if (this.#ill.get(asked.revision) !== 'failing') return good
    return { ...good, answer: stamped(value('90'), asked.at) }
  }

  /** S2, S5, S6: whoever has a share has the ready pods for it, by what is written and by what the gateway follows. */
  #check(after: string): void {
    if (!this.#installed) return
    const { app, endpoints } = this.#observe()
    const ready = (role: string): number =>
      Object.values(endpoints[app.services[role] ?? ''] ?? {}).reduce((sum, one) => sum + one, 0)
    const byPods = routerOf(app).capabilities.by === 'pods'
    const splits = byPods ? [{ [stable]: 100 }] : [this.weights, this.#followed]
    for (const weights of splits) {
      for (const [role, weight] of Object.entries(weights)) {
        const needed = podsFor(app.replicas, weight)
        if (ready(role) < needed)
          throw new Error(
            `${role} has ${weight} % and ${ready(role)} pods of ${needed}, after ${after}`,
          )
      }
    }
  }
}

function routerOf({ traffic }: App): Router {
  return routers[traffic.router] as Router
}

function appOf(release: Release): App {
  const read = readRelease(release)
  if (read.kind === 'problems')
    throw new Error(read.problems.map(({ path, message }) => `${path}: ${message}`).join('; '))
  return read.app
}

function readingOf({ app: given, notebook, routes, workloads, endpoints }: Observed): Weights {
  const app = withPlacesOf(given, notebook)
  const listed = endpoints[app.services[stable] ?? ''] ?? {}
  const behind = Object.fromEntries(
    Object.keys(app.services).map((role) => {
      const trial = notebook?.trials.find((one) => one.role === role)
      const revision = role === stable ? notebook?.stable : trial?.revision
      const own = workloads.filter((one) => one.revision === revision)
      return [role, own.reduce((sum, { name }) => sum + (listed[name] ?? 0), 0)] as const
    }),
  )
  const reading = routerOf(app).read(app, routes, behind)
  if (reading.kind !== 'read') throw new Error(`${reading.object} is ${reading.kind}`)
  return reading.weights
}
