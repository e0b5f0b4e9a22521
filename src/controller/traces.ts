/**
 * Spans of OpenTelemetry around what takes time: a pass, its writes, its questions. Without an SDK in the process they are
 * nothing and cost nothing; docs/traces.md says how one comes in.
 */
import { type Attributes, SpanStatusCode, trace } from '@opentelemetry/api'

/** Awaits a task within a span; what it throws stands in the span. */
export function spanned<T>(
  name: `headgate.${string}`,
  attributes: Attributes,
  task: () => Promise<T>,
): Promise<T> {
  // Asked each time: an SDK may come later than this module.
  return trace.getTracer('headgate').startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await task()
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      span.setStatus({ code: SpanStatusCode.ERROR, message })
      throw error
    } finally {
      span.end()
    }
  })
}

/** Adds to the span that is under way. */
export function noteInSpan(attributes: Attributes): void {
  trace.getActiveSpan()?.setAttributes(attributes)
}
