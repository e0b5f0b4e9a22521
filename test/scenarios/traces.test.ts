/** Traces: what an OpenTelemetry SDK in the same process gets to see of a release. */
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Attributes,
  type Context,
  type ContextManager,
  context,
  ROOT_CONTEXT,
  type Span,
  type SpanStatus,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { spanned } from '#controller/traces.ts'
import { Actor, sharedStage } from './stage.ts'

type Seen = {
  readonly name: string
  readonly parent: string | undefined
  readonly attributes: Attributes
  readonly status: SpanStatus | undefined
}

const ended: Seen[] = []
const names = new WeakMap<Span, string>()

/** As little of an SDK as shows everything: spans that end are kept. */
class Recorder implements Tracer {
  startSpan(name: string, options: { attributes?: Attributes } = {}, within?: Context): Span {
    const above = trace.getSpan(within ?? context.active())
    const attributes = { ...options.attributes }
    let status: SpanStatus | undefined
    const span: Span = {
      spanContext: () => ({ traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: 1 }),
      setAttribute: (key, value) => {
        attributes[key] = value
        return span
      },
      setAttributes: (more) => {
        Object.assign(attributes, more)
        return span
      },
      setStatus: (given) => {
        status = given
        return span
      },
      end: () => {
        ended.push({ name, parent: above && names.get(above), attributes, status })
      },
      addEvent: () => span,
      addLink: () => span,
      addLinks: () => span,
      updateName: () => span,
      isRecording: () => true,
      recordException: () => undefined,
    }
    names.set(span, name)
    return span
  }

  startActiveSpan<F extends (span: Span) => unknown>(
    name: string,
    ...rest: readonly unknown[]
  ): ReturnType<F> {
    const task = rest.at(-1) as F
    const span = this.startSpan(name, rest[0] as { attributes?: Attributes })
    return context.with(trace.setSpan(context.active(), span), () => task(span)) as ReturnType<F>
  }
}

function contextsByStorage(): ContextManager {
  const storage = new AsyncLocalStorage<Context>()
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, task, self, ...args) => storage.run(active, () => task.call(self, ...args)),
    bind: (_active, target) => target,
    enable: () => manager,
    disable: () => manager,
  }
  return manager
}

beforeAll(() => {
  context.setGlobalContextManager(contextsByStorage())
  const recorder = new Recorder()
  trace.setGlobalTracerProvider({ getTracer: () => recorder })
})
afterAll(() => {
  trace.disable()
  context.disable()
})

const stage = sharedStage()

test('each pass is a span that says what was decided, and its writes are spans within', async () => {
  const shop = new Actor(stage(), 'shop')
  await shop.install('1', {})
  await shop.comesTo('Completed')
  const passes = ended.filter(({ name }) => name === 'headgate.pass')
  expect(passes.map(({ attributes }) => attributes)).toContainEqual({
    'headgate.release': 'headgate/default/shop',
    'headgate.phase': 'Initializing',
    'headgate.reason': expect.any(String),
  })
  const writes = ended.filter(({ name }) => name === 'headgate.write')
  expect(new Set(writes.map(({ parent }) => parent))).toEqual(new Set(['headgate.pass']))
  const objects = writes.map(({ attributes }) => String(attributes['headgate.object']))
  expect(objects).toContain('Release shop')
  expect(objects.some((object) => object.startsWith('ReplicaSet shop-'))).toBe(true)
})

test('what a task throws stands in its span and goes on', async () => {
  const failing = spanned('headgate.test', {}, () => Promise.reject(new Error('no such thing')))
  await expect(failing).rejects.toThrow('no such thing')
  const { status } = ended.find(({ name }) => name === 'headgate.test') ?? {}
  expect(status).toEqual({ code: 2, message: 'no such thing' })
})
