/**
 * Changes of the product, each of which takes one thing away that keeps users safe. `from` stands exactly once in its
 * file; whoever rewrites that place moves the mutant along.
 */

export type Mutant = {
  readonly name: string
  /** Below the project's folder. */
  readonly file: string
  readonly from: string
  readonly to: string
  /** Seeds that are tried first. */
  readonly seeds?: readonly number[]
}

export const mutants: readonly Mutant[] = [
  {
    name: 'the route is written without a precondition',
    file: 'src/core/traffic/difference.ts',
    from: 'patch: [test, ...changed]',
    to: 'patch: [...changed]',
  },
  {
    name: 'status is written without a precondition',
    file: 'src/controller/apply.ts',
    from: "{ op: 'test', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion },",
    to: '',
  },
  {
    name: '410 is taken for an ordinary failure',
    file: 'src/kube/cache-loop.ts',
    from: 'if (!isVersionGone(end.error)) return',
    to: 'if (!isVersionGone(end.error) || true) return',
  },
  {
    name: 'the wall clock is trusted',
    file: 'src/kube/trusted-clock.ts',
    from: 'now: () => Math.floor(startAt + base.monotonic() - startedAt),',
    to: 'now: base.now,',
    seeds: [222, 541, 860, 1179, 1498, 1817, 2136],
  },
  {
    name: 'workloads are ours by name, not by uid',
    file: 'src/controller/gather.ts',
    from: '.filter((held) => held.belongsTo(app.uid) || mayAdopt(app, held))',
    to: '.filter(() => true)',
    seeds: [212],
  },
  {
    name: 'NaN counts as zero',
    file: 'src/core/metrics/prometheus-answer.ts',
    from: "if (text === 'NaN')",
    to: "if (text === 'NaN') return { kind: 'value', value: 0 }\n  if (text === 'none')",
    seeds: [232],
  },
  {
    name: 'readiness is not asked for before a weight',
    file: 'src/core/move/route.ts',
    from: 'return endpointsOf(facts, stance, role) >= requiredPods(facts, stance, role)',
    to: 'return true',
  },
  {
    name: 'weight comes before endpoints are listed',
    file: 'src/core/facts.ts',
    from: 'Math.min(staying(seen), listed(role, seen.name))',
    to: 'staying(seen)',
    seeds: [1861, 2182, 2821, 3139],
  },
  {
    name: 'pods go before they are drained',
    file: 'src/core/move/workloads.ts',
    from: 'return free && isDrained(facts, now) ? wanted : seen.replicas',
    to: 'return wanted',
  },
  {
    name: 'the gateway gets no time to follow',
    file: 'src/core/facts.ts',
    from: 'return weights !== undefined && drainedAt !== undefined && now >= drainedAt',
    to: 'return weights !== undefined',
  },
  {
    name: 'own writes are forgotten',
    file: 'src/controller/reconcile.ts',
    from: 'if (state.own.behind())',
    to: 'if (state.own.behind() && false)',
  },
  {
    name: 'a revision is promoted that nobody judged',
    file: 'src/core/steps/analysis.ts',
    from: "if (standing.kind === 'passes' && good >= metric.count) continue",
    to: "if (state.verdict !== 'failing') continue",
  },
  {
    name: 'nobody asks who leads before a write',
    file: 'src/controller/apply.ts',
    from: 'if (!mayWrite())',
    to: 'if (!mayWrite() && false)',
    seeds: [202],
  },
  {
    name: 'a pause is not waited for',
    file: 'src/core/steps/pause.ts',
    from: 'if (now >= endsAt) return undefined',
    to: 'if (now >= endsAt - 2000) return undefined',
  },
  {
    name: 'an open pause ends by itself',
    file: 'src/core/steps/pause.ts',
    from: 'if (step.durationMs === undefined) {',
    to: 'if (step.durationMs === undefined) return undefined\n  if (step.durationMs === undefined) {',
  },
  {
    name: 'a failure is forgotten',
    file: 'src/core/turn.ts',
    from: 'if (known !== undefined && !isNewer(candidate, known)) return pass',
    to: '',
  },
  {
    name: 'a command that comes late is obeyed',
    file: 'src/core/actions.ts',
    from: 'const problem = stale(pass, action)',
    to: 'const problem = stale(pass, action) === "" ? "" : undefined',
  },
  {
    name: 'a pause by a person does not hold the weight',
    file: 'src/core/decide.ts',
    from: "holdFinding(pass, trial)?.move === 'freeze' ||",
    to: '',
  },
  {
    name: 'a weight is written before its step is on record',
    file: 'src/core/decide.ts',
    from: 'stored.step === trial.step &&',
    to: '',
    seeds: [116],
  },
  {
    name: 'the finalizer stays for ever',
    file: 'src/core/retire.ts',
    from: 'return [...given, finalizerOff(app)]',
    to: 'return [...given]',
  },
  {
    name: 'secrets stand in the decision log',
    file: 'src/controller/decision-log.ts',
    from: "{ ...entry, value: '…' }",
    to: '{ ...entry }',
  },
  {
    name: 'a dead stream is never noticed',
    file: 'src/kube/follow.ts',
    from: "if (left <= 0) return end({ kind: 'silent' })",
    to: 'if (left <= 0) return undefined',
    seeds: [78],
  },
  {
    name: 'what goes round in circles does so as fast as the server answers',
    file: 'src/controller/budget.ts',
    from: 'return Math.ceil(tooEarly(spent(before, 1, now, rate), now, rate))',
    to: 'return 0',
    seeds: [373, 402],
  },
  {
    name: 'leading a second time fails',
    file: 'src/controller/controller.ts',
    from: 'queue = start(mayWrite)',
    to: "if (telemetry.registry.getSingleMetric('once') !== undefined) throw new Error('once')\n      telemetry.registry.registerMetric({ name: 'once' } as never)\n      queue = start(mayWrite)",
    seeds: [534, 536, 538, 847, 850, 851, 853],
  },
]
