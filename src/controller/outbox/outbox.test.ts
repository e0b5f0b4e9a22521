/** The shell's outbox in virtual time: a door's words, acknowledgements, room, and leadership that comes and goes. */
import { describe, expect, test } from 'vitest'
import type { ReleaseEvent } from '#core/model/event.ts'
import { plainVocabulary, type Vocabulary } from '#core/outbox/vocabulary.ts'
import { doors } from '#doors/register.ts'
import { silentLog } from '#kube/log.ts'
import type { Ports } from '#kube/ports.ts'
import { virtualClock } from '#kube/virtual-clock.ts'
import { release } from '#test/gen/release.ts'
import { installed } from '#test/gen/story.ts'
import { emptyState } from '../state.ts'
import { telemetry } from '../telemetry.ts'
import { outbox, type Pending } from './outbox.ts'
import { delivered, type Outcome, type Sink } from './sink.ts'

const { app, notebook } = installed().observe()

function eventOf(number: number, action = 'Start'): ReleaseEvent {
  const said = { action, reason: 'StepCompleted', message: 'm', revision: 'r', image: '' } as const
  const id = String(number).padStart(16, '0')
  return { id, at: number, ...said, role: undefined, step: undefined, by: undefined }
}

type Given = {
  readonly outcome?: Outcome
  readonly most?: number
  readonly vocabulary?: Vocabulary
}

function stage({ outcome = delivered, most = 64, vocabulary }: Given = {}) {
  const time = virtualClock()
  const ports: Ports = { clock: time.clock, random: () => 0.5, newId: () => 'id' }
  const heard: string[] = []
  const woken: string[] = []
  const sink: Sink = {
    name: 'http',
    atOnce: 4,
    attempts: ({ http }) =>
      http.map((message) => () => {
        heard.push(`${message.type} ${message.id}`)
        return Promise.resolve(outcome)
      }),
  }
  const box = outbox({
    sinks: [sink],
    ports,
    now: time.clock.now,
    again: (key) => woken.push(key),
    log: silentLog,
    telemetry: telemetry('test'),
    most,
  })
  const [plainDoor] = doors
  if (plainDoor === undefined || notebook === undefined) throw new Error('there is a door')
  const door = vocabulary === undefined ? plainDoor : { ...plainDoor, vocabulary }
  const pendingOf = (key: string, ...pending: readonly ReleaseEvent[]): Pending => ({
    key,
    door,
    object: release(),
    app,
    book: { ...notebook, outbox: { pending, dropped: 0 } },
    state: emptyState(),
  })
  return { time, box, heard, woken, pendingOf }
}

describe('the outbox', () => {
  test('tells each pending event once, however often a pass comes by, and wakes the release', async () => {
    const { time, box, heard, woken, pendingOf } = stage()
    box.open(() => true)
    const pending = pendingOf('a', eventOf(1), eventOf(2))
    box.tell(pending)
    box.tell(pending)
    await time.advance(0)
    box.tell(pending)
    await time.advance(1000)
    expect(heard.length).toBe(2)
    expect(pending.state.told.keys()).toEqual([eventOf(1).id, eventOf(2).id])
    expect(woken).toEqual(['a', 'a'])
    box.tell({ ...pendingOf('a'), state: pending.state })
    expect(pending.state.told.size).toBe(0)
  })

  test('says it in the words of the door, which may say nothing', async () => {
    const vocabulary: Vocabulary = (event, ...rest) => ({
      kubernetes: [],
      http:
        event.action === 'Start'
          ? plainVocabulary(event, ...rest).http.map((one) => ({
              ...one,
              type: 'dev.example.began',
            }))
          : [],
      file: [],
    })
    const { time, box, heard, woken, pendingOf } = stage({ vocabulary })
    box.open(() => true)
    const pending = pendingOf('a', eventOf(1), eventOf(2, 'StepAdvance'))
    box.tell(pending)
    expect(pending.state.told.keys()).toEqual([eventOf(2).id])
    await time.advance(0)
    expect(heard).toEqual([`dev.example.began ${eventOf(1).id}`])
    expect(woken).toEqual(['a'])
  })

  test('a door whose words are broken is told in plain ones', async () => {
    const broken: Vocabulary = () => {
      throw new Error('a bug')
    }
    const { time, box, heard, pendingOf } = stage({ vocabulary: broken })
    box.open(() => true)
    box.tell(pendingOf('a', eventOf(1)))
    await time.advance(0)
    expect(heard).toEqual([`dev.headgate.release.start ${eventOf(1).id}`])
  })

  test('holds so many letters and no more; releases without room are woken when there is', async () => {
    const { time, box, heard, woken, pendingOf } = stage({ most: 2 })
    box.open(() => true)
    const all = ['a', 'b', 'c'].map((key, index) => pendingOf(key, eventOf(index)))
    for (const pending of all) box.tell(pending)
    await time.advance(0)
    expect(heard.length).toBe(2)
    expect(woken).toContain('c')
    const [last] = all.slice(-1)
    if (last !== undefined) box.tell(last)
    await time.advance(0)
    expect(heard.length).toBe(3)
  })

  test('tells nothing before it leads, and nothing after', async () => {
    const { time, box, heard, pendingOf } = stage({ outcome: { kind: 'later', why: 'down' } })
    const pending = pendingOf('a', eventOf(1))
    box.tell(pending)
    await time.advance(1000)
    expect(heard).toEqual([])
    box.open(() => true)
    box.tell(pending)
    await time.advance(0)
    expect(heard.length).toBe(1)
    box.close()
    box.tell(pending)
    await time.advance(600_000)
    expect(heard.length).toBe(1)
    expect(time.pending()).toBe(0)
  })

  test('an event that is refused for good is not told again, and holds nobody up', async () => {
    const { time, box, heard, pendingOf } = stage({ outcome: { kind: 'refused', why: 'no' } })
    box.open(() => true)
    const pending = pendingOf('a', eventOf(1), eventOf(2))
    box.tell(pending)
    await time.advance(60_000)
    expect(heard.length).toBe(2)
    expect(pending.state.told.size).toBe(2)
  })
})
