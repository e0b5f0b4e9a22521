/** One JSON line for each decision: what was seen, when, and what followed. A line replays as a test. */
import { appendFile } from 'node:fs/promises'
import type { Decision } from '#core/decision.ts'
import type { Container, PodTemplate } from '#core/k8s/workloads.ts'
import type { MetricAnswer, Observed } from '#core/observed.ts'

export type DecisionLog = {
  readonly write: (key: string, observed: Observed, now: number, decision: Decision) => void
  readonly flush: () => Promise<void>
}

/** Appends to a file; lines keep their order. What cannot be written is counted, never waited for. */
export function decisionLogFile(path: string, onError: (error: unknown) => void): DecisionLog {
  let last: Promise<void> = Promise.resolve()
  return {
    write: (key, observed, now, decision) => {
      const line = `${decisionLine(key, observed, now, decision)}\n`
      last = last.then(() => appendFile(path, line, { mode: 0o600 })).catch(onError)
    },
    flush: () => last,
  }
}

/** Environment values never leave the object they stand in, nor the patch that writes them: they may be secrets. */
export function decisionLine(
  key: string,
  observed: Observed,
  now: number,
  decision: Decision,
): string {
  const answers = observed.answers.map(withoutWords)
  return JSON.stringify(
    { key, now, observed: { ...observed, answers }, decision },
    (_name, value: unknown) => (isTemplate(value) ? withoutValues(value) : value),
  )
}

/** What a provider says that is no result may be anything: it is told how long it was. */
function withoutWords(given: MetricAnswer): MetricAnswer {
  const { answer } = given
  if (answer.kind !== 'answer' || answer.body.startsWith('{"status":"success"')) return given
  return { ...given, answer: { ...answer, body: `… ${answer.body.length} characters` } }
}

function isTemplate(value: unknown): value is PodTemplate {
  return Array.isArray((value as PodTemplate | undefined)?.spec?.containers)
}

function withoutValues(template: PodTemplate): PodTemplate {
  const { containers, initContainers } = template.spec
  const init = Array.isArray(initContainers) ? { initContainers: initContainers.map(hushed) } : {}
  return {
    ...template,
    spec: { ...template.spec, ...init, containers: containers.map(hushed) },
  }
}

function hushed(container: Container): Container {
  const { env } = container as { env?: unknown }
  if (!Array.isArray(env)) return container
  return {
    ...container,
    env: env.map((entry: object) => ('value' in entry ? { ...entry, value: '…' } : entry)),
  }
}
